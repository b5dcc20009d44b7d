"""Which prompt format a model's file asks for: ids first, then tokens, then names."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import get_args

import pytest

from slm_lsp.errors import ModelUnusable
from slm_lsp.inference.prompts.families import FAMILIES, PREFIX, SUFFIX, Part
from slm_lsp.inference.prompts.fim import Format
from slm_lsp.inference.prompts.recognition import (
    END_WEIGHT_KEY,
    ORDER_KEY,
    end_weight,
    recognize,
)
from slm_lsp.settings.schema import FimFormat

PLAIN = ("<fim_prefix>", "<fim_suffix>", "<fim_middle>", "<filename>", "<file_sep>")
BARS = ("<|fim_prefix|>", "<|fim_suffix|>", "<|fim_middle|>")


@dataclass
class Facts:
    """A file with the special tokens `names`, numbered from 0."""

    names: tuple[str, ...]
    values: dict[str, str] = field(default_factory=dict)
    file: str = "model.gguf"
    ids: dict[str, int] = field(default_factory=dict)

    def metadata(self, key: str) -> str:
        return self.values.get(key, "")

    def token(self, name: str) -> int | None:
        return self.names.index(name) if name in self.names else None

    def fim_tokens(self) -> dict[str, int]:
        return self.ids


def test_the_setting_offers_every_family():
    assert get_args(FimFormat) == ("auto", "none", *sorted(it.name for it in FAMILIES))


@pytest.mark.parametrize(
    ("facts", "family"),
    [
        pytest.param(Facts(()), "", id="no tokens"),
        pytest.param(Facts(("<file_sep>", "<filename>")), "", id="no tokens for filling in"),
        pytest.param(Facts(BARS), "qwen", id="strings"),
        pytest.param(
            Facts(BARS, {"general.architecture": "gemma"}), "codegemma", id="the architecture"
        ),
        pytest.param(
            Facts(BARS, {"general.architecture": "granitehybrid"}), "granite-4", id="a part of it"
        ),
        pytest.param(Facts(PLAIN), "stable-code", id="shared strings"),
        pytest.param(Facts(PLAIN, {"general.name": "Mellum 4b"}), "mellum", id="the name"),
        pytest.param(Facts(PLAIN, {"general.basename": "MELLUM"}), "mellum", id="the base's name"),
        pytest.param(
            Facts(PLAIN, file="mellum-4b-sft-python.Q8_0.gguf"), "mellum", id="the file's name"
        ),
        pytest.param(Facts(PLAIN, {"general.architecture": "starcoder2"}), "starcoder2", id="2"),
        pytest.param(Facts(PLAIN, {"general.architecture": "starcoder"}), "starcoder", id="1"),
        pytest.param(
            Facts(PLAIN, {"general.architecture": "starcoder", "general.name": "Granite 20b Code"}),
            "granite",
            id="the name above the architecture",
        ),
        pytest.param(Facts(("[SUFFIX]", "[PREFIX]", "[MIDDLE]")), "", id="Mistral's others"),
        pytest.param(
            Facts(("[SUFFIX]", "[PREFIX]"), {"general.name": "Codestral-22B-v0.1"}),
            "codestral",
            id="Codestral",
        ),
        pytest.param(
            Facts(BARS, ids={"pre": 0, "suf": 1, "mid": 2}), "qwen", id="ids of a known family"
        ),
        pytest.param(
            Facts((*BARS, *PLAIN), ids={"pre": 3, "suf": 4, "mid": 5}),
            "stable-code",
            id="ids above strings",
        ),
        pytest.param(
            Facts(BARS, ids={"pre": 7, "suf": 8, "mid": 9}), "", id="ids of no known family"
        ),
    ],
)
def test_a_family_is_recognized_by(facts: Facts, family: str):
    assert recognize(facts).family == family


def test_ids_of_no_known_family_still_make_a_prompt():
    found = recognize(Facts(BARS, ids={"pre": 7, "suf": 8, "mid": 9, "sep": 6}))
    assert found.parts == (7, PREFIX, 8, SUFFIX, 9)
    assert found.file == (6, "{path}\n")
    assert found.ends == {6, 7, 8, 9}


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        ("spm", (1, SUFFIX, 0, PREFIX, 2)),
        ("joined", (1, SUFFIX, 0, PREFIX)),
        ("psm", (0, PREFIX, 1, SUFFIX, 2)),
        ("of its own", (0, PREFIX, 1, SUFFIX, 2)),
    ],
)
def test_a_model_trained_for_another_order_says_so(order: str, expected: tuple[Part, ...]):
    facts = Facts(BARS, {ORDER_KEY: order}, ids={"pre": 0, "suf": 1, "mid": 2})
    assert recognize(facts).parts == expected
    assert recognize(facts).ends == {0, 1, 2}


@pytest.mark.parametrize(
    ("said", "weight"),
    [("20.000000", 20.0), ("", 1.0), ("many", 1.0), ("nan", 1.0), ("inf", 1.0), ("0", 1.0)],
)
def test_how_often_ends_counted_in_training_is_said_or_once(said: str, weight: float):
    assert end_weight(Facts((), {END_WEIGHT_KEY: said})) == weight


def test_names_of_files_are_left_out_where_their_tokens_are_missing():
    name = {"general.name": "StarCoder"}
    bare = recognize(Facts(PLAIN[:3], name))
    full = recognize(Facts((*PLAIN[:3], "<reponame>", "<filename>"), name))
    assert (bare.repository, bare.file) == ((), ())
    assert (full.repository, full.file) == ((3, "{repository}"), (4, "{path}\n"))
    assert full.around({"repository": "", "path": ""}) == full.parts == bare.parts


def test_what_is_chosen_stands_above_what_is_found():
    facts = Facts((*BARS, *PLAIN), {"general.name": "Mellum"}, ids={"pre": 0, "suf": 1, "mid": 2})
    assert recognize(facts, "none") == Format("")
    assert recognize(facts, "mellum").order == "spm"
    with pytest.raises(ModelUnusable, match=r"'codestral', but model\.gguf has no token \[SUFFIX"):
        recognize(facts, "codestral")
