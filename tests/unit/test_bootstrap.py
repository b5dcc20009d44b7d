"""The set-up does what is left to do, once, and can be interrupted anywhere."""

import shlex
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from tools import bootstrap, engine_wheel, machine, steps
from tools.machine import SetupFailed

CHECKOUT = Path(__file__).parents[2]


def test_progress_is_read_from_ninja() -> None:
    step = steps.Step("Building")
    assert str(step) == "Building  0:00"
    for line in ("[1/200] cc\n", "  [50/200] cc\n", "see [1/0] and [x/2]\n"):
        step.hear(line)
    assert str(step) == "Building   25 %  0:00"


def test_a_failing_step_says_why_what_to_do_and_where_the_log_is(tmp_path: Path) -> None:
    log = tmp_path / "build" / "setup.log"
    script = "echo output of $NAME; echo 'ERROR: no network' >&2; exit 3"
    with pytest.raises(SetupFailed) as failed:
        steps.run("Fetching", ["sh", "-c", script], log, "Try again.", NAME="mine")
    said = f"This step failed: Fetching (ERROR: no network). Try again. The log is {log}."
    assert str(failed.value) == said
    assert "output of mine\nERROR: no network\n" in log.read_text()


INTERRUPTED = """
import sys
from pathlib import Path
from tools import steps
steps.PLAIN_INTERVAL_S = 0.1
script = "sleep 60 & echo $! > children; wait"
steps.run("Building", ["sh", "-c", script], Path("log"), "Try again.")
"""


def test_an_interrupted_step_leaves_no_process(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", INTERRUPTED],
        cwd=tmp_path,
        env={"PYTHONPATH": str(CHECKOUT), "PATH": "/usr/bin:/bin"},
        stderr=subprocess.PIPE,
    )
    assert process.stderr is not None
    lines = [process.stderr.readline() for _ in range(5)]
    assert lines[0] == b"Building\n"
    child = psutil.Process(int((tmp_path / "children").read_text()))
    process.send_signal(signal.SIGINT)
    assert b"KeyboardInterrupt" in process.communicate(timeout=60)[1]
    psutil.wait_procs([child], timeout=60)
    assert not child.is_running() or child.status() == psutil.STATUS_ZOMBIE


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(engine_wheel, "require_compiler", lambda _environ: None)
    monkeypatch.setattr(engine_wheel, "free_space", lambda _folder: machine.BUILD_SPACE)
    return tmp_path / "cache"


def build(cache: Path) -> Path:
    return engine_wheel.build("python3", cache, "key", Path("requirements"), cache / "log")


def compile_to(work: Path) -> Path:
    path = work / "llama_cpp_python-0.3.36-py3-none-any.whl"
    path.write_text("wheel")
    return path


def test_the_wheel_is_built_once(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    built: list[Path] = []

    def compiling(_python: str, work: Path, *_rest: Path) -> Path:
        built.append(work)
        return compile_to(work)

    monkeypatch.setattr(engine_wheel, "_build", compiling)
    assert engine_wheel.cached(cache, "key") is None
    (cache / ".build-killed").mkdir(parents=True)
    wheel = build(cache)
    assert wheel == engine_wheel.cached(cache, "key") == build(cache)
    assert engine_wheel.cached(cache, "other") is None
    assert len(built) == 1
    assert sorted(path.name for path in cache.iterdir()) == [".lock", "key"]


def test_a_failed_build_leaves_nothing(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(_python: str, work: Path, *_rest: Path) -> Path:
        compile_to(work)
        raise KeyboardInterrupt

    monkeypatch.setattr(engine_wheel, "_build", failing)
    with pytest.raises(KeyboardInterrupt):
        build(cache)
    assert [path.name for path in cache.iterdir()] == [".lock"]


def test_the_users_build_options_are_kept_and_make_another_wheel(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    requirements = CHECKOUT / "requirements"
    monkeypatch.delenv("CMAKE_ARGS", raising=False)
    usual = engine_wheel.key(requirements)
    monkeypatch.setenv("CMAKE_ARGS", "-DGGML_CUDA=ON")
    assert engine_wheel.key(requirements) != usual
    recipe = tmp_path / "a folder" / "recipe.cmake"
    further = f"-DVulkan_INCLUDE_DIR={tmp_path / 'a folder'}"
    assert shlex.split(engine_wheel._cmake_args(recipe, [further])) == [
        "-DGGML_CUDA=ON",
        "-DLLAVA_BUILD=OFF",
        f"-DCMAKE_PROJECT_llama.cpp_INCLUDE={recipe}",
        further,
    ]


class Checkout:
    """A checkout whose set-up steps are recorded instead of run."""

    def __init__(self, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.root = root
        self.titles: list[str] = []
        self.fail_at = ""
        self.key = "key"
        (root / "requirements").mkdir(parents=True)
        for name in ("core", "dev", "engine"):
            (root / "requirements" / f"{name}.lock").write_text("a==1\n")
        (root / "pyproject.toml").write_text("")
        monkeypatch.setattr(bootstrap, "run", self.run)
        monkeypatch.setattr(engine_wheel, "key", lambda _requirements: self.key)
        monkeypatch.setattr(engine_wheel, "cached", lambda _cache, _key: Path("engine.whl"))

    def run(self, title: str, command: list[object], _log: Path, _advice: str) -> None:
        self.titles.append(title)
        if title == self.fail_at:
            raise KeyboardInterrupt
        if title.startswith("Making .venv"):
            assert "--clear" in command
            bin_folder = self.root / title.split()[1] / "bin"
            bin_folder.mkdir(parents=True, exist_ok=True)
            (bin_folder / "python").unlink(missing_ok=True)
            (bin_folder / "python").symlink_to(sys.executable)

    def set_up(self, group: str, name: str = ".venv") -> list[str]:
        self.titles = []
        bootstrap.set_up(self.root, group, name)
        return self.titles


ALL_STEPS = ["Making .venv", "Installing the dependencies", "Installing slm-lsp"]


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Checkout:
    return Checkout(tmp_path / "checkout", monkeypatch)


def test_what_is_done_is_not_done_again(checkout: Checkout) -> None:
    assert checkout.set_up("core") == ALL_STEPS
    assert checkout.set_up("core") == []
    assert checkout.set_up("dev") == ALL_STEPS[1:]
    assert checkout.set_up("dev") == checkout.set_up("core") == []


def test_another_environment_beside_it_is_one_of_its_own(checkout: Checkout) -> None:
    checkout.set_up("core")
    assert checkout.set_up("core", ".venv-other") == ["Making .venv-other", *ALL_STEPS[1:]]
    assert checkout.set_up("core") == checkout.set_up("core", ".venv-other") == []


@pytest.mark.parametrize("changed", ["requirements/core.lock", "pyproject.toml"])
def test_a_change_of_what_it_is_made_from_is_noticed(checkout: Checkout, changed: str) -> None:
    checkout.set_up("core")
    (checkout.root / changed).write_text("b==2\n")
    assert checkout.set_up("core") == ALL_STEPS[1:]


def test_another_processor_is_noticed(checkout: Checkout) -> None:
    checkout.set_up("core")
    checkout.key = "other"
    assert checkout.set_up("core") == ALL_STEPS[1:]


def test_an_environment_whose_python_is_gone_is_made_anew(checkout: Checkout) -> None:
    checkout.set_up("core")
    python = checkout.root / ".venv" / "bin" / "python"
    python.unlink()
    python.symlink_to("/no/such/python")
    assert checkout.set_up("core") == ALL_STEPS


@pytest.mark.parametrize("step", ALL_STEPS)
def test_an_interrupted_installation_is_begun_anew(checkout: Checkout, step: str) -> None:
    checkout.fail_at = step
    with pytest.raises(KeyboardInterrupt):
        checkout.set_up("core")
    checkout.fail_at = ""
    assert checkout.set_up("core") == ALL_STEPS


def test_an_interrupted_upgrade_is_not_taken_for_what_was_there_before(checkout: Checkout) -> None:
    checkout.set_up("core")
    checkout.fail_at = "Installing the dependencies"
    with pytest.raises(KeyboardInterrupt):
        checkout.set_up("dev")
    checkout.fail_at = ""
    assert checkout.set_up("core") == ALL_STEPS


def test_failures_are_one_sentence_and_the_exit_code_1(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(_root: Path, _group: str, _name: str) -> None:
        raise SetupFailed("What to do.")

    monkeypatch.setattr(bootstrap, "set_up", fail)
    monkeypatch.setattr(sys, "argv", ["bootstrap", "core"])
    monkeypatch.setattr(signal, "signal", lambda *_arguments: None)
    assert bootstrap.main() == 1
    assert capsys.readouterr().err == "What to do.\n"
