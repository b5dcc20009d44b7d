"""A base and its adapter in one file answer as they do apart, and the rules hold for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import gguf
import msgspec
import numpy as np
import pytest
import torch

from slm_lsp import models
from slm_lsp.errors import (
    ModelDamaged,
    ModelForbidden,
    ModelUnusable,
    StoreError,
)
from slm_lsp.inference.llama.context import LlamaContext
from slm_lsp.inference.llama.library import Llama as Runtime
from slm_lsp.inference.model import AbortFlag
from slm_lsp.models import (
    adapter_import,
    import_model,
    record,
    runtime,
)
from slm_lsp.settings.policy import Policy
from slm_lsp.training import export, merge
from slm_lsp.training.gguf_metadata import value
from slm_lsp.training.network import lora, weights
from slm_lsp.training.network.weights import prepared
from tests.harness.adapters import refuse_to_merge
from tests.harness.scores import scores_of_runtime
from tests.tune.test_train import FIM, TEACHES

if TYPE_CHECKING:
    from pathlib import Path

RANK = 4


def silent(_stage: str, _done: int, _total: int) -> None:
    pass


def adapter_for(base: Path, path: Path, strength: float) -> None:
    """Write an adapter that changes every matrix of the blocks by `strength` of what it has."""
    chance = torch.Generator().manual_seed(3)
    tensors = {}
    for name, tensor in weights.read(base).state_dict().items():
        if name.startswith("blk.") and tensor.dim() > 1:
            rows, columns = tensor.shape
            size = strength * float(tensor.std()) / 2
            layer = name.removesuffix(".weight")
            first = torch.randn(RANK, columns, generator=chance)
            tensors[f"{layer}.lora_a"] = first / RANK**0.5
            tensors[f"{layer}.lora_b"] = size * torch.randn(rows, RANK, generator=chance)
    export.adapter(path, tensors, base=base, name="adapter", teaches={})


@pytest.fixture
def base(tmp_path: Path, tiny_base: Path) -> Path:
    """A base whose weights are quantised."""
    tensors = weights.read(tiny_base).state_dict()
    for name, tensor in tensors.items():
        if name.startswith("blk.") and tensor.dim() > 1:
            tensor *= 15  # so that the layers matter
    path = tmp_path / "base.gguf"
    export.model(path, tensors, base=tiny_base, kind="Q8_0", name="base", teaches={})
    return path


@pytest.fixture
def adapter(base: Path, tmp_path: Path) -> Path:
    adapter_for(base, tmp_path / "adapter.gguf", 0.5)
    return tmp_path / "adapter.gguf"


def test_merged_and_apart_are_the_same(base: Path, adapter: Path, tmp_path: Path):
    merge.merge(base, adapter, tmp_path / "merged.gguf")
    tokens = [9, 40, 7, 200, 41, 41, 3, 90]
    alone, apart = scores_of_runtime(base, tokens), scores_of_runtime(base, tokens, adapter)
    found = scores_of_runtime(tmp_path / "merged.gguf", tokens)
    assert np.corrcoef(found, apart)[0, 1] > 0.999
    assert np.corrcoef(found, alone)[0, 1] < 0.99  # the adapter does something


def test_all_else_is_the_bases(base: Path, adapter: Path, tmp_path: Path):
    for name in ("first.gguf", "second.gguf"):
        merge.merge(base, adapter, tmp_path / name)
    assert (tmp_path / "first.gguf").read_bytes() == (tmp_path / "second.gguf").read_bytes()
    before, after = (gguf.GGUFReader(str(it)) for it in (base, tmp_path / "first.gguf"))
    assert {key: it.contents() for key, it in before.fields.items()} == {
        key: it.contents() for key, it in after.fields.items()
    }
    for old, new in zip(before.tensors, after.tensors, strict=True):
        assert (old.name, old.tensor_type, *old.shape) == (new.name, new.tensor_type, *new.shape)
        changed = old.name.startswith("blk.") and "norm" not in old.name
        assert np.array_equal(old.data, new.data) != changed


def test_what_is_changed_may_get_another_type(base: Path, adapter: Path, tmp_path: Path):
    files = [str(tmp_path / it) for it in ("base.gguf", "adapter.gguf", "merged.gguf")]
    assert merge.main([*files, "F16"]) == 0
    before, after = (gguf.GGUFReader(it) for it in (files[0], files[2]))
    for old, new in zip(before.tensors, after.tensors, strict=True):
        changed = old.name.startswith("blk.") and "norm" not in old.name
        assert new.tensor_type == (gguf.GGMLQuantizationType.F16 if changed else old.tensor_type)
    kinds = [value(it, "general.file_type") for it in (before, after)]
    assert kinds == [gguf.LlamaFileType.MOSTLY_Q8_0, gguf.LlamaFileType.MOSTLY_F16]
    tokens = [9, 40, 7, 200, 41, 41, 3, 90]
    apart = scores_of_runtime(base, tokens, adapter)
    found = scores_of_runtime(tmp_path / "merged.gguf", tokens)
    assert np.corrcoef(found, apart)[0, 1] > 0.9999


@pytest.mark.parametrize("kind", ["Q9_9", "Q4_K", "F32"])
def test_a_type_that_cannot_be_made_is_said(
    kind: str, base: Path, adapter: Path, tmp_path: Path, capsys
):
    files = [str(tmp_path / it) for it in ("base.gguf", "adapter.gguf", "merged.gguf")]
    assert merge.main([*files, kind]) == 1
    [line] = capsys.readouterr().err.splitlines()
    assert kind in line
    assert not (tmp_path / "merged.gguf").exists()


def with_types(path: Path, kind: gguf.GGMLQuantizationType) -> None:
    writer = gguf.GGUFWriter(path, "llama")
    _, size = gguf.GGML_QUANT_SIZES[kind]
    writer.add_tensor("blk.0.attn_q.weight", np.zeros((4, size), np.uint8), raw_dtype=kind)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def one_adapter(path: Path, name: str, columns: int = 256) -> None:
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_tensor(f"{name}.lora_a", np.ones((2, columns), np.float32))
    writer.add_tensor(f"{name}.lora_b", np.ones((4, 2), np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("blk.0.attn_q.weight", "type Q4_K cannot be made"),
        ("token_embd.weight", "changes token_embd.weight"),
        ("output.weight", "changes output.weight"),
    ],
)
def test_what_cannot_be_merged_is_said(name: str, reason: str, tmp_path: Path, capsys):
    with_types(tmp_path / "base.gguf", gguf.GGMLQuantizationType.Q4_K)
    one_adapter(tmp_path / "adapter.gguf", name)
    files = [str(tmp_path / it) for it in ("base.gguf", "adapter.gguf", "merged.gguf")]
    assert merge.main(files) == 1
    [line] = capsys.readouterr().err.splitlines()
    assert reason in line
    assert not (tmp_path / "merged.gguf").exists()


@pytest.fixture
def installed_base(base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv(record.STORE_VARIABLE, str(tmp_path / "store"))
    import_model.import_model(base, "tiny", "", silent)
    return "tiny"


def test_the_store_opens_what_is_merged(installed_base: str, adapter: Path, tmp_path: Path):
    seen: list[str] = []
    made = adapter_import.take_in(
        adapter, installed_base, "fitted", "", lambda stage, *_: seen.append(stage)
    )
    assert made.apart == ""
    assert "merge" in seen
    model = models.resolve("fitted")
    assert (model.path, model.adapter) == (tmp_path / "store" / "fitted" / "merged.gguf", None)
    models.check(model)
    assert len(models.verify("fitted").files) == 3
    again = adapter_import.take_in(adapter, installed_base, "fitted", "", silent)
    assert again.record == made.record  # the same bytes
    with pytest.raises(StoreError, match="has an adapter itself"):
        adapter_import.take_in(adapter, "fitted", "twice", "", silent)
    model.path.write_bytes(model.path.read_bytes()[:-1] + b"x")
    with pytest.raises(ModelDamaged, match=r"merged\.gguf"):
        models.check(model)


def no_space(_size: int) -> None:
    raise StoreError("The model store needs 5 MB of free space.")


@pytest.mark.parametrize(
    ("place", "name", "instead", "reason"),
    [
        (runtime, "merge", refuse_to_merge, "Q4_K"),
        (adapter_import, "require_space", no_space, "5 MB"),
    ],
)
def test_else_base_and_adapter_stay_apart(
    installed_base: str,
    adapter: Path,
    monkeypatch: pytest.MonkeyPatch,
    place: object,
    name: str,
    instead: object,
    reason: str,
):
    monkeypatch.setattr(place, name, instead)
    made = adapter_import.take_in(adapter, installed_base, "fitted", "", silent)
    assert reason in made.apart
    model = models.resolve("fitted")
    assert model.adapter is not None
    assert {it.name for it in model.path.parent.glob("*.gguf")} == {"model.gguf", "adapter.gguf"}
    models.check(model)


def test_new_tokens_count_in_one_file_only(
    installed_base: str, tmp_path: Path, tiny_base: Path, monkeypatch: pytest.MonkeyPatch
):
    tensors = lora.trained(prepared(tiny_base, RANK, FIM.values()))
    teaching = tmp_path / "adapter.gguf"
    export.adapter(teaching, tensors, base=tiny_base, name="adapter", teaches=TEACHES)
    made = adapter_import.take_in(teaching, installed_base, "fitted", "", silent)
    assert made.trial.fills_in  # what the base alone does not
    with monkeypatch.context() as broken:
        broken.setattr(runtime, "merge", refuse_to_merge)
        with pytest.raises(ModelUnusable, match="has to be merged with it: weights of"):
            adapter_import.take_in(teaching, installed_base, "fitted", "", silent)
    model = models.resolve("fitted")  # the one from before
    assert (model.path.name, model.unmerged) == ("merged.gguf", None)
    reader = gguf.GGUFReader(str(model.path))
    assert value(reader, "general.name") == "adapter"  # not the base's any more
    assert value(reader, "tokenizer.chat_template")


def test_a_list_of_checksums_holds_for_what_is_merged(installed_base: str, adapter: Path):
    """Without being listed itself it is not opened: a record is written by whom the list binds."""
    below, added, merged = adapter_import.take_in(
        adapter, installed_base, "fitted", "", silent
    ).record.files

    def opened(*allowed: record.ModelFile) -> tuple[str, str]:
        rules = Policy(allowed_models=tuple(it.sha256 for it in allowed))
        model = models.permitted("fitted", rules)
        models.check(model, trust_note=False)
        return model.sha256, model.adapter_sha256

    assert models.permitted("fitted", Policy()).sha256 == merged.sha256
    assert opened(below, added, merged) == (merged.sha256, "")
    assert opened(below, added) == (below.sha256, added.sha256)
    for forbidden in ((below,), (added,), (merged,), (below, merged), ()):
        with pytest.raises(ModelForbidden):
            opened(*forbidden)


def test_a_record_with_half_of_what_was_merged_is_damaged(installed_base: str, adapter: Path):
    made = adapter_import.take_in(adapter, installed_base, "fitted", "", silent).record
    record.write(msgspec.structs.replace(made, merged=("model.gguf",)))
    with pytest.raises(ModelDamaged, match="contradicts itself"):
        models.resolve("fitted")


SAMPLE = (
    "def add(a, b):\n    return",
    "class Stack:\n    def __init__(self):\n        self.items =",
    "import os\nimport sys\n\nfor name in os.listdir(",
    "with open(path, encoding='utf-8') as file:\n    text =",
    "def fibonacci(n):\n    if n < 2:\n        return n\n    return",
    "try:\n    value = int(text)\nexcept",
    "total = 0\nfor item in items:\n    total +=",
    "@property\ndef name(self) -> str:\n    return",
    "if __name__ == '__main__':\n    ",
    "numbers = [1, 2, 3]\nsquares = [",
)


def continued(path: Path, adapter: Path | None) -> list[list[int]]:
    """Return the eight tokens that llama.cpp likes best after each text of the sample."""
    llama, abort = Runtime(path, adapter), AbortFlag()
    context = LlamaContext(llama, threads=1, tokens=128, abort=abort)
    found = []
    try:
        for text in SAMPLE:
            tokens = list(llama.tokenize(text))
            context.forget_from(0, 0)
            context.evaluate(tokens, position=0, sequence=0, abort=abort)
            answer = []
            for at in range(8):
                answer.append(int(context.logits(-1).argmax()))
                context.evaluate([answer[-1]], position=len(tokens) + at, sequence=0, abort=abort)
            found.append(answer)
        return found
    finally:
        context.close()
        llama.close()


def test_most_answers_of_the_default_model_are_the_same(small_model_path: Path, tmp_path: Path):
    adapter_for(small_model_path, tmp_path / "adapter.gguf", 0.02)
    merge.merge(small_model_path, tmp_path / "adapter.gguf", tmp_path / "merged.gguf")
    apart = continued(small_model_path, tmp_path / "adapter.gguf")
    merged = continued(tmp_path / "merged.gguf", None)
    same = sum(one == other for one, other in zip(apart, merged, strict=True))
    alone = sum(
        one == other for one, other in zip(apart, continued(small_model_path, None), strict=True)
    )
    assert alone < len(SAMPLE) / 2 < same
