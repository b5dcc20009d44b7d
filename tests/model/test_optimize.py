"""Requantising and measuring the real default model with the real runtime."""

from pathlib import Path

import pytest

from slm_lsp import models
from slm_lsp.errors import ModelUnusable
from slm_lsp.models import (
    catalog,
    installed,
    optimize,
    record,
    runtime,
    verification,
)
from tests.harness.world import TEST_MODEL
from tests.unit.store_models import quiet

pytestmark = pytest.mark.model


@pytest.fixture
def copied_store(
    small_model: models.InstalledModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Path:
    """A store of its own with the model as it was shipped, so that the user's stays as it is."""
    before = installed.get(small_model.name)
    shipped = before.files[0]
    source = record.folder(before.name) / shipped.file
    monkeypatch.setenv(record.STORE_VARIABLE, str(tmp_path))
    place = record.folder(before.name)
    place.mkdir()
    (place / shipped.file).symlink_to(source)
    record.write(
        record.Record(before.name, before.origin, before.licence, (shipped,), shipped.file)
    )
    return tmp_path


def test_optimize_uses_the_fastest_of_the_good_candidates(copied_store: Path) -> None:
    model = catalog.find(TEST_MODEL)
    found = optimize.optimize(model, threads=0, progress=quiet)
    assert found.measured is not None
    assert found.measured.failures == {}
    speeds = found.measured.speeds
    assert set(speeds) == set(model.candidates())
    shares = found.measured.exact_match
    assert set(shares) == set(speeds)
    assert found.used.quantisation == optimize.choose(found.measured)
    for speed in speeds.values():
        expected = 1000 * (64 / speed.prefill_tokens_per_s + 16 / speed.decode_tokens_per_s)
        assert expected / 3 < speed.request_ms < expected * 3  # medians of the same few runs
    opened = models.resolve(model.name)
    models.check(opened)
    assert verification.sha256_of(opened.path) == found.used.sha256
    assert optimize.optimized(model.name)


def test_a_file_that_is_no_model_is_reported_in_one_sentence(tmp_path: Path) -> None:
    path = tmp_path / "broken.gguf"
    path.write_bytes(b"GGUF" + bytes(1000))
    with pytest.raises(ModelUnusable, match=r"broken\.gguf is not a sound"):
        runtime.measure(path, 1, [record.TYPICAL])
    with pytest.raises(ModelUnusable, match=r"broken\.gguf is not a sound"):
        runtime.exact_match(path, 1)
    with pytest.raises(ModelUnusable, match=r"broken\.gguf is not a sound"):
        runtime.requantize(path, tmp_path / "out.gguf", "Q8_0")


def test_the_sample_tells_a_sound_model_from_a_broken_one(
    copied_store: Path, tmp_path: Path
) -> None:
    """What a bad kernel or a bad quantisation does to the weights, done on purpose."""
    sound = models.resolve(TEST_MODEL).path
    broken = tmp_path / "broken.gguf"
    content = bytearray(sound.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 2**20] = bytes(2**20)
    broken.write_bytes(content)
    found = runtime.exact_match(sound, 2)
    assert 0.2 < found < 0.8  # neither so hard nor so easy that losses do not show
    assert runtime.exact_match(broken, 2) < found - optimize.QUALITY_MARGIN
