"""Training learns, goes on where it was killed, and ends the same."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest
import torch

from slm_lsp.errors import TuneRefused
from slm_lsp.training import checkpoint
from slm_lsp.training.__main__ import main
from slm_lsp.training.data import shards
from slm_lsp.training.data.batches import Order, batch
from slm_lsp.training.data.packing import SWITCH
from slm_lsp.training.gguf_metadata import taught
from slm_lsp.training.lock import locked
from slm_lsp.training.network.weights import prepared
from slm_lsp.training.run import (
    Plan,
    TrainingConfig,
    TrainingRun,
    has_ended,
)
from slm_lsp.training.train import Training
from tests.tune.test_shards import packed

if TYPE_CHECKING:
    from pathlib import Path

    from slm_lsp.training.run import Progress

END = 256
TEXT = [*b"def f(x):\n    return x\n", END]
FIM = {"pre": 257, "suf": 258, "mid": 259}
TEACHES = taught(FIM, END, 5.0)
WISHES = TrainingConfig(learning_rate=1e-2, batch_rows=4, rows_at_once=2, tokens=1500)


def stored(folder: Path, examples: int = 24, **fim: int) -> shards.Index:
    writer = shards.Writer(folder, 48, wide=False)
    for row in packed(([TEXT[at % 5 :] for at in range(examples)]), 48):
        writer.add(row)
    return writer.close(end=END, end_weight=5.0, new=fim)


def training(base: Path, folder: Path, out: Path, rank: int = 4) -> Training:
    index, rows = shards.read(folder)
    return Training(prepared(base, rank), index, rows, out, rows[:2])


class Killed(Exception):
    pass


def until(step: int):
    def report(progress: Progress) -> None:
        if progress.step == step:
            raise Killed

    return report


@pytest.mark.parametrize("rank", [0, 4])
def test_the_loss_falls(tiny_base: Path, tmp_path: Path, rank: int):
    stored(tmp_path / "shards")
    seen: list[Progress] = []
    state = training(tiny_base, tmp_path / "shards", tmp_path / "out", rank).run(
        WISHES, seen.append
    )
    assert seen[-1].step == seen[-1].steps == state.step
    assert state.curve[-1][1] < 0.8 * seen[0].loss


@pytest.mark.parametrize("rank", [0, 4])
def test_a_killed_training_ends_the_same(tiny_base: Path, tmp_path: Path, rank: int):
    stored(tmp_path / "shards")
    whole = training(tiny_base, tmp_path / "shards", tmp_path / "whole", rank).run(
        WISHES, lambda _: None
    )
    with pytest.raises(Killed):
        training(tiny_base, tmp_path / "shards", tmp_path / "cut", rank).run(WISHES, until(5))
    rest: list[Progress] = []
    torch.manual_seed(99)  # chance plays no part in what is left
    resumed = training(tiny_base, tmp_path / "shards", tmp_path / "cut", rank).run(
        WISHES, rest.append
    )
    assert rest[0].step == 6
    assert resumed.curve == whole.curve
    assert all(torch.equal(it, whole.weights[name]) for name, it in resumed.weights.items())


def test_a_process_killed_without_warning_goes_on(tiny_base: Path, tmp_path: Path):
    """Whatever instant the kill comes at, there is a whole checkpoint afterwards."""
    stored(tmp_path / "shards")
    command = [sys.executable, "-m", "slm_lsp.training", "train", "--tokens", "900000"]
    command += ["--base", str(tiny_base), "--shards", str(tmp_path / "shards")]
    command += ["--out", str(tmp_path / "out")]
    environ = os.environ | {"OMP_NUM_THREADS": "1"}
    with subprocess.Popen(command, stderr=subprocess.DEVNULL, env=environ) as process:
        while not (tmp_path / "out" / checkpoint.FILE).exists():
            assert process.poll() is None
            time.sleep(0.01)
        process.send_signal(signal.SIGKILL)
    state = checkpoint.load(tmp_path / "out")
    assert state is not None
    assert state.plan["steps"] > state.step >= 0


def test_a_checkpoint_of_other_data_is_refused(tiny_base: Path, tmp_path: Path):
    stored(tmp_path / "shards")
    stored(tmp_path / "others", examples=20)
    training(tiny_base, tmp_path / "shards", tmp_path / "out").run(WISHES, lambda _: None)
    with pytest.raises(TuneRefused, match="other data"):
        training(tiny_base, tmp_path / "others", tmp_path / "out").run(WISHES, lambda _: None)


@pytest.mark.parametrize("content", [b"PK\3\4 cut off", b"", b"junk\n", b"x" * 100, bytes(100)])
def test_a_damaged_checkpoint_is_refused(tiny_base: Path, tmp_path: Path, content: bytes):
    stored(tmp_path / "shards")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / checkpoint.FILE).write_bytes(content)
    with pytest.raises(TuneRefused, match="remove it") as raised:
        training(tiny_base, tmp_path / "shards", tmp_path / "out").run(WISHES, lambda _: None)
    assert "\n" not in str(raised.value)


def test_a_full_disk_costs_no_more_than_the_last_steps(tiny_base: Path, tmp_path: Path):
    stored(tmp_path / "shards")
    part = tmp_path / "out" / f"{checkpoint.FILE}.part"

    def fill_up(progress: Progress) -> None:
        if progress.step == 5:
            part.symlink_to("/dev/full")

    with pytest.raises(TuneRefused, match="No space left on device"):
        training(tiny_base, tmp_path / "shards", tmp_path / "out").run(WISHES, fill_up)
    assert sorted(path.name for path in part.parent.iterdir()) == [checkpoint.FILE]
    state = training(tiny_base, tmp_path / "shards", tmp_path / "out").run(WISHES, lambda _: None)
    assert state.step == state.plan["steps"]


def test_minutes_become_steps(tiny_base: Path, tmp_path: Path):
    stored(tmp_path / "shards")
    wishes = TrainingConfig(1e-3, 4, 4, minutes=1e-5)
    state = training(tiny_base, tmp_path / "shards", tmp_path / "out").run(wishes, lambda _: None)
    assert state.step == 1  # a time that is too short still is a step


def test_training_ends_when_held_out_rows_get_worse():
    assert not has_ended([(1, 2.0), (2, 1.0), (3, 1.1)])
    assert has_ended([(1, 2.0), (2, 1.0), (3, 1.1), (4, 1.05)])
    assert not has_ended([(1, 2.0), (2, 1.0), (3, 1.1), (4, 0.9)])
    assert not has_ended([(1, 2.0), (2, 1.0), (3, 1.005), (4, 1.003)])


def test_of_weights_that_held_out_rows_cannot_tell_apart_the_last_are_the_best():
    course = TrainingRun(Plan(WISHES, 5, ""), checkpoint.Checkpoint({}, 0, 0.0, {}, {}), 100.0)
    assert [course.looked(loss) for loss in (2.0, 1.0, 1.005, 1.02, 0.9)] == [1, 1, 1, 0, 1]


def test_every_row_comes_once_an_epoch():
    order = Order(rows=10, batch=4, seed=3)
    taken = [row for step in range(5) for row in order.at(step)]
    assert sorted(taken[:10]) == sorted(taken[10:]) == list(range(10))
    assert taken[:10] != taken[10:]
    assert Order(rows=10, batch=4, seed=4).at(0) != order.at(0)


def test_what_stands_for_no_token_counts_nothing(tmp_path: Path):
    index = stored(tmp_path / "shards")
    _, rows = shards.read(tmp_path / "shards")
    found = batch(rows, index)
    gaps = torch.from_numpy((rows == shards.nothing(rows.dtype))[:, 1:])
    weights, targets = found.weights[:, :-1], found.targets[:, :-1]
    assert gaps.any()
    assert not weights[gaps].any()
    assert (weights[(targets == END) & ~gaps] == 5.0).all()
    assert torch.equal(targets, found.tokens[:, 1:])
    assert not found.weights[:, -1].any()  # nothing follows a row's last token


def test_the_command_says_what_is_wrong(tiny_base: Path, tmp_path: Path, capsys):
    shared = ["--base", str(tiny_base), "--shards", str(tmp_path), "--out", str(tmp_path / "o")]
    assert main(["train", *shared]) == 1
    assert "--minutes" in capsys.readouterr().err
    assert main(["train", *shared, "--tokens", "5"]) == 1
    assert "no shards" in capsys.readouterr().err
    stored(tmp_path)
    shared += ["--tokens", "5"]
    for base, about in ((tmp_path / "none.gguf", "none.gguf"), (tmp_path / "0000.xz", "no model")):
        assert main(["train", *shared, "--base", str(base)]) == 1
        assert about in capsys.readouterr().err
    with locked(tmp_path / "o"):
        assert main(["train", *shared]) == 1
    assert "Another process is training" in capsys.readouterr().err


@pytest.mark.parametrize(
    "given", ["--minutes=nan", "--minutes=-1", "--tokens=-1", "--batch-rows=0", "--rows-at-once=x"]
)
def test_the_command_takes_no_number_that_is_none(given: str, capsys):
    with pytest.raises(SystemExit) as ended:
        main(["train", "--base", "b", "--shards", "s", "--out", "o", given])
    assert ended.value.code == 2
    assert "number" in capsys.readouterr().err


def test_any_whole_number_is_a_seed():
    assert Order(rows=10, batch=10, seed=-1).at(0) != Order(rows=10, batch=10, seed=1).at(0)


def test_training_needs_little_of_what_slm_lsp_needs():
    """A machine with a GPU has PyTorch; the rest has to be carried there."""
    code = "import sys, slm_lsp.training.__main__\n"
    code += "print(*{it.partition('.')[0] for it in sys.modules})"
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    foreign = {
        "llama_cpp",
        "tree_sitter",
        "pygls",
        "lsprotocol",
        "platformdirs",
        "psutil",
        "pathspec",
    }
    assert {"torch", "gguf", "msgspec", "rich"} <= set(loaded.stdout.split())
    assert not foreign & set(loaded.stdout.split())


def test_a_prompt_is_read_and_not_learned(tmp_path: Path):
    prompt, middle, plain = [40, 41, END, 42], [50, 51, END], [60, 61]
    hole = [SWITCH, *prompt, SWITCH, *middle]
    writer = shards.Writer(tmp_path, 32, wide=False)
    for row in packed([[*plain, *hole, *hole, *plain]], 32):
        writer.add(row)
    index = writer.close(end=END, end_weight=2.0, new={})
    found = batch(shards.read(tmp_path)[1], index)
    counted = found.weights > 0
    assert found.targets[counted].tolist() == [61, *middle, *middle, *plain]
    assert found.weights[counted & (found.targets == END)].tolist() == [2.0, 2.0]
    read = [*plain, *prompt, *middle, *prompt, *middle, *plain]
    assert found.tokens[0].tolist()[: len(read)] == read
    assert index.tokens == len(read)
