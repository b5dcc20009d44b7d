"""`slm-lsp models`, from argv to what is printed."""

import argparse
import hashlib
import os
import re
import sys
from pathlib import Path
from typing import Any

import msgspec
import platformdirs
import pytest

from slm_lsp.cli import model_list, models
from slm_lsp.errors import (
    ModelForbidden,
    ModelMissing,
    ModelUnknown,
    NetworkForbidden,
    PullFailed,
    StoreError,
    UsageError,
)
from slm_lsp.models import catalog, record, runtime
from slm_lsp.models.directory import unfinished
from slm_lsp.models.sources import local_file
from slm_lsp.settings import policy, sources
from slm_lsp.settings.policy import Policy
from tests.unit.store_models import PAYLOAD, build_wheel, describe, install


@pytest.fixture(autouse=True)
def settings_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(record.STORE_VARIABLE, str(tmp_path / "store"))
    monkeypatch.setenv("XDG_DATA_DIRS", str(tmp_path / "none"))
    monkeypatch.setattr(platformdirs, "user_config_path", lambda name: tmp_path / "config" / name)
    return tmp_path / "config" / "slm-lsp" / "slm-lsp.toml"


@pytest.fixture
def tiny(tmp_path: Path) -> record.Record:
    return install(describe(build_wheel(tmp_path / "wheels")))


def run(*argv: str) -> int:
    parser = argparse.ArgumentParser()
    models.add_parser(parser.add_subparsers())
    args = parser.parse_args(["models", *argv])
    return int(args.func(args))


def run_json(capsys: pytest.CaptureFixture[str], *argv: str) -> Any:
    assert run(*argv, "--json") == 0
    return msgspec.json.decode(capsys.readouterr().out)


BEST = "qwen2.5-coder-0.5b-instruct"
"""What `auto` is where nothing is installed or measured."""


def test_list_shows_what_is_there_and_what_can_be_had(
    tiny: record.Record, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    value = run_json(capsys, "list")
    assert value["store"] == str(tmp_path / "store")
    rows = {row["name"]: (row["installed"], row["default"]) for row in value["models"]}
    assert rows[BEST] == (False, True)
    assert rows["tiny"] == (True, False)
    assert run("list") == 0
    out = capsys.readouterr().out
    assert f"* {BEST}  not installed; 494 million parameters, for completion" in out
    assert f"0.5 GB to fetch: slm-lsp models pull {BEST}" in out
    assert "  tiny  Q4_1" in out


@pytest.mark.parametrize(
    ("room", "expected"),
    [(500_000_000, {"slm-fim-135m", "smollm2-135m"}), (10**12, None), (0, set())],
)
def test_list_says_what_fits_this_machine(
    room: int,
    expected: set[str] | None,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(model_list, "memory_for_models", lambda: room)
    found = run_json(capsys, "list")["models"]
    fitting = {row["name"] for row in found if row["fits"]}
    assert fitting == (expected if expected is not None else {row["name"] for row in found})
    assert run("list") == 0
    out = capsys.readouterr().out
    assert out.count("DOES NOT FIT") == len(found) - len(fitting)
    assert f"models may take {room / 1e9:.1f} GB here" in out


def test_list_warns_of_licences_in_plain_words(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("list") == 0
    blocks = re.split(r"^[ *] (?=\S)", capsys.readouterr().out, flags=re.MULTILINE)
    about = {block.split()[0]: block for block in blocks if block}
    limited = {model.name for model in catalog.models() if model.limits}
    assert limited == {"qwen2.5-coder-3b", "codestral-22b"}
    for model in catalog.models():
        assert ("LICENCE: Not for commercial use" in about[model.name]) == (model.name in limited)


def test_what_hugging_face_takes_is_said_where_its_library_is_missing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    with pytest.raises(PullFailed, match=r"-m pip install .*models import .* --name phi-3-mini"):
        run("pull", "phi-3-mini")
    with pytest.raises(ModelMissing, match="slm-lsp models pull phi-3-mini"):
        run("verify", "phi-3-mini")


def share(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, **changes: Any) -> Path:
    """Return a folder with the file of the catalog's only model, `tiny`."""
    place = tmp_path / "share"
    place.mkdir()
    model = describe(build_wheel(tmp_path / "wheels"))
    model = msgspec.structs.replace(model, parts=(), exact_match={}, **changes)
    (place / model.file).write_bytes(PAYLOAD)
    trial = record.Trial("phi3", "", chats=True, quantisation="Q4_K", licence="mit")
    monkeypatch.setattr(runtime, "attempt", lambda _path, _threads: trial)
    monkeypatch.setattr(catalog, "models", lambda: (model,))
    return place


def test_pull_takes_the_mirror_it_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    place = share(tmp_path, monkeypatch)
    value = run_json(capsys, "pull", "tiny", "--from", str(place))
    assert (value["fetched"], value["vouched_by"], value["measured"]) == (True, "catalog", False)
    assert value["record"]["origin"] == str(place)
    value = run_json(capsys, "pull", "tiny", "--from", str(place))
    assert (value["fetched"], value["vouched_by"]) == (False, None)


def test_pull_takes_the_mirror_of_the_settings(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    settings_file: Path,
) -> None:
    place = share(tmp_path, monkeypatch)
    settings_file.parent.mkdir(parents=True)
    settings_file.write_text(f'mirror = "{place}"\noffline = true\n')
    assert run_json(capsys, "pull", "tiny")["record"]["origin"] == str(place)


def test_pull_says_who_vouches_for_a_file_that_is_not_pinned(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    place = share(tmp_path, monkeypatch, sha256="")
    digest = hashlib.sha256(PAYLOAD).hexdigest()
    assert run("list") == 0
    assert "its checksum is not pinned" in capsys.readouterr().out
    assert run("pull", "tiny", "--from", str(place)) == 0
    assert f"NOBODY SAID WHICH CHECKSUM IT MUST HAVE: compare {digest}" in capsys.readouterr().out
    assert run("remove", "tiny") == 0
    (place / "SHA256SUMS").write_text(f"{digest}  tiny.Q4_1.gguf\n")
    capsys.readouterr()
    assert run("pull", "tiny", "--from", str(place)) == 0
    assert f"its checksum is what {place} says; the catalog has none: {digest}" in (
        capsys.readouterr().out
    )


def test_who_interrupts_a_pull_hears_that_nothing_is_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    place = share(tmp_path, monkeypatch)

    def arrive(_source: Path, target: Path, kept: Path, _progress: object) -> Path:
        (kept / target.name).write_bytes(b"half")
        raise KeyboardInterrupt

    monkeypatch.setattr(local_file, "bring", arrive)
    with pytest.raises(KeyboardInterrupt):
        run("pull", "tiny", "--from", str(place))
    assert "the same command goes on from there" in capsys.readouterr().err


def test_list_says_what_is_damaged_shared_and_half_there(
    tiny: record.Record,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    site = tmp_path / "site"
    monkeypatch.setattr(platformdirs, "site_data_dir", lambda name, multipath: str(site / name))
    (site / "slm-lsp").mkdir(parents=True)
    record.root().rename(site / "slm-lsp" / "models")
    broken = record.folder("broken")
    broken.mkdir(parents=True)
    (broken / "record.json").write_bytes(b"{")
    unfinished("half").mkdir(parents=True)
    (unfinished("half") / "x.gguf").write_bytes(bytes(2_000_000))
    rows = {row["name"]: row for row in run_json(capsys, "list")["models"]}
    assert (rows["tiny"]["shared"], rows["tiny"]["installed"]) == (True, True)
    assert "models pull broken" in rows["broken"]["damage"]
    assert (rows["half"]["unfinished"], rows["half"]["installed"]) == (2_000_000, False)
    assert run("list") == 0
    out = capsys.readouterr().out
    assert f"in {site}/slm-lsp/models, for all users of this machine" in out
    assert "  broken  DAMAGED" in out
    assert "2 MB have arrived" in out
    assert "`slm-lsp models remove half`" in out


def test_remove_takes_what_is_not_in_use(
    tiny: record.Record, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_json(capsys, "remove", "tiny")["bytes"] > len(PAYLOAD)
    assert record.names() == ()
    with pytest.raises(ModelMissing):
        run("remove", "tiny")


def test_remove_keeps_the_default_model_unless_it_must_not(
    tiny: record.Record, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("use", "tiny") == 0
    with pytest.raises(UsageError, match=r"models use OTHER.*--force"):
        run("remove", "tiny")
    assert record.names() == ("tiny",)
    assert run("remove", "tiny", "--force") == 0
    assert record.names() == ()


@pytest.mark.parametrize("command", [("list",), ("remove", "tiny"), ("verify", "tiny")])
def test_a_store_of_somebody_else_is_said(
    command: tuple[str, ...], tiny: record.Record, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Root may look everywhere, so the system's part of it is played."""

    def refuse(path: Path) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(os, "scandir", refuse)
    with pytest.raises(StoreError, match=r"cannot be read \(Permission denied\).*SLM_LSP_STORE"):
        run(*command)


def test_a_store_that_is_a_file_is_said(tmp_path: Path) -> None:
    (tmp_path / "store").write_bytes(b"")
    with pytest.raises(StoreError, match=r"cannot be read.*SLM_LSP_STORE"):
        run("list")


def test_list_survives_a_record_without_its_speed(
    tiny: record.Record, capsys: pytest.CaptureFixture[str]
) -> None:
    measured = record.Measured("here", 2, {})
    record.write(msgspec.structs.replace(tiny, measured=measured))
    assert run("list") == 0
    assert "not measured on this machine" in capsys.readouterr().out


def test_verify_names_the_files(tiny: record.Record, capsys: pytest.CaptureFixture[str]) -> None:
    value = run_json(capsys, "verify", "tiny")
    assert value["record"]["files"][0]["sha256"] == tiny.files[0].sha256
    assert run("verify", "tiny") == 0
    assert capsys.readouterr().out == "tiny: checksums match (tiny.Q4_1.gguf)\n"


def test_pull_is_forbidden_while_offline_is_on(settings_file: Path) -> None:
    settings_file.parent.mkdir(parents=True)
    settings_file.write_text("offline = true\n")
    with pytest.raises(NetworkForbidden):
        run("pull", "smollm2-135m")


def test_pull_refuses_settings_that_might_say_offline(settings_file: Path) -> None:
    settings_file.parent.mkdir(parents=True)
    settings_file.write_text("offline = true\nmodel = \n")
    with pytest.raises(UsageError, match="mend it first"):
        run("pull", "smollm2-135m")


def test_pull_of_an_unknown_model_lists_the_known_ones() -> None:
    with pytest.raises(ModelUnknown, match="smollm2-135m"):
        run("pull", "nope")


def test_use_makes_a_settings_file(tiny: record.Record, settings_file: Path) -> None:
    assert run("use", "tiny") == 0
    assert settings_file.read_text() == 'model = "tiny"\n'


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            '# mine\nmodel = "smollm2-135m"  # small\n\n[engine]\nthreads = 2\n',
            '# mine\nmodel = "tiny"  # small\n\n[engine]\nthreads = 2\n',
        ),
        (
            "# mine\noffline = true\n\n[engine]  # fast\nthreads = 2",
            '# mine\noffline = true\nmodel = "tiny"\n\n[engine]  # fast\nthreads = 2',
        ),
        ("[engine]\nthreads = 2\n", 'model = "tiny"\n\n[engine]\nthreads = 2\n'),
    ],
)
def test_use_keeps_everything_else_in_the_settings(
    tiny: record.Record, settings_file: Path, before: str, after: str
) -> None:
    settings_file.parent.mkdir(parents=True)
    settings_file.write_text(before)
    assert run("use", "tiny") == 0
    written = settings_file.read_text()
    assert written == after
    source = sources.user_source()
    assert source is not None
    settings, problems = sources.merge([source])
    assert (settings.model, problems) == ("tiny", ())


def test_use_keeps_the_line_ends_of_the_settings(tiny: record.Record, settings_file: Path) -> None:
    settings_file.parent.mkdir(parents=True)
    settings_file.write_bytes(
        b"\xef\xbb\xbf# mine\r\noffline = true\r\n[engine]\r\nthreads = 2\r\n"
    )
    assert run("use", "tiny") == 0
    written = settings_file.read_bytes()
    assert b"# mine\r\noffline = true\r\n" in written
    assert written.endswith(b"[engine]\r\nthreads = 2\r\n")


def test_use_writes_through_a_link(
    tiny: record.Record, settings_file: Path, tmp_path: Path
) -> None:
    kept = tmp_path / "dotfiles.toml"
    kept.write_text("offline = true\n")
    settings_file.parent.mkdir(parents=True)
    settings_file.symlink_to(kept)
    assert run("use", "tiny") == 0
    assert settings_file.is_symlink()
    assert kept.read_text() == 'offline = true\nmodel = "tiny"\n'


def test_use_leaves_a_private_settings_file_private(
    tiny: record.Record, settings_file: Path
) -> None:
    settings_file.parent.mkdir(parents=True)
    settings_file.write_text("offline = true\n")
    settings_file.chmod(0o600)
    assert run("use", "tiny") == 0
    assert settings_file.stat().st_mode & 0o777 == 0o600


def test_use_says_where_the_settings_cannot_be_written(
    tiny: record.Record, settings_file: Path
) -> None:
    settings_file.parent.parent.mkdir()
    settings_file.parent.write_text("no folder")
    with pytest.raises(UsageError, match="cannot be changed"):
        run("use", "tiny")


@pytest.mark.parametrize(
    ("rules", "error"),
    [
        (Policy(locked_settings={"model": "other"}), UsageError),
        (Policy(allowed_models=("1" * 64,)), ModelForbidden),
    ],
)
def test_use_promises_nothing_that_the_administrator_forbids(
    rules: Policy,
    error: type[Exception],
    tiny: record.Record,
    settings_file: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(policy, "load", lambda: rules)
    with pytest.raises(error, match=r"policy\.toml"):
        run("use", "tiny")
    assert not settings_file.exists()


def test_use_takes_installed_models_only(settings_file: Path) -> None:
    with pytest.raises(ModelMissing):
        run("use", "smollm2-135m")
    assert not settings_file.exists()


def test_use_leaves_a_broken_settings_file_alone(tiny: record.Record, settings_file: Path) -> None:
    settings_file.parent.mkdir(parents=True)
    settings_file.write_text("model = \n")
    with pytest.raises(UsageError, match="mend it first"):
        run("use", "tiny")
    assert settings_file.read_text() == "model = \n"
