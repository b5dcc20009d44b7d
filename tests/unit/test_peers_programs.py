"""llama.cpp's programs are built once, whole or not at all; the typed files are the real ones."""

import hashlib
import io
import tarfile
from pathlib import Path

import pytest

from benchmarks import sources
from tools import engine_wheel, machine, peer
from tools.machine import SetupFailed


class Build:
    """Stands in for the commands of the build; `fail_at` is the title of the one that fails."""

    def __init__(self) -> None:
        self.titles: list[str] = []
        self.commands: dict[str, list[str]] = {}
        self.fail_at = ""

    def run(self, title: str, command: list[object], _log: Path, _advice: str, **_env: str) -> None:
        self.titles.append(title)
        self.commands[title] = words = [str(word) for word in command]
        if self.fail_at and title.startswith(self.fail_at):
            raise SetupFailed("What to do.")
        if title == "Fetching the sources":
            folder = Path(words[words.index("-d") + 1])
            folder.mkdir()
            (folder / "llama_cpp_python-0.3.36.tar.gz").touch()
        if title.startswith("Building"):
            built = Path(words[words.index("--build") + 1]) / "bin"
            built.mkdir(parents=True)
            for name in (*peer.PROGRAMS, "llama-gguf"):
                (built / name).write_text(name)


@pytest.fixture
def build(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Build:
    build = Build()
    for module in (peer, engine_wheel):
        monkeypatch.setattr(module, "run", build.run)
    monkeypatch.setattr(engine_wheel, "require_compiler", lambda _environ: None)
    monkeypatch.setattr(engine_wheel, "free_space", lambda _folder: machine.BUILD_SPACE)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("CMAKE_ARGS", raising=False)
    return build


def test_a_program_that_was_not_built_says_what_to_do(build: Build) -> None:
    with pytest.raises(SetupFailed, match="`make peer`"):
        peer.program("llama-bench")


def test_the_programs_are_built_once(build: Build, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = peer.build()
    assert peer.build() == folder
    assert sum(title.startswith("Building") for title in build.titles) == 1
    assert sorted(path.name for path in folder.iterdir()) == sorted(peer.PROGRAMS)
    assert sorted(path.name for path in folder.parent.iterdir()) == [".lock", folder.name]
    assert peer.program("llama-server").read_text() == "llama-server"
    assert "--require-hashes" in build.commands["Fetching the sources"]
    monkeypatch.setenv("CMAKE_ARGS", "-DGGML_CUDA=ON")
    with pytest.raises(SetupFailed, match="`make peer`"):
        peer.program("llama-server")
    peer.build()
    assert "-DGGML_CUDA=ON" in build.commands["Configuring llama.cpp"]


@pytest.mark.parametrize("title", ["Fetching the sources", "Building llama-server"])
def test_a_failed_build_leaves_nothing_and_is_begun_anew(build: Build, title: str) -> None:
    build.fail_at = title
    with pytest.raises(SetupFailed):
        peer.build()
    with pytest.raises(SetupFailed, match="`make peer`"):
        peer.program("llama-server")
    build.fail_at = ""
    assert sorted(path.name for path in peer.build().iterdir()) == sorted(peer.PROGRAMS)


def packed(content: bytes, sha256: str, fetched: list[Path]) -> sources._Packed:
    def fetch(folder: Path) -> None:
        fetched.append(folder)
        entry = tarfile.TarInfo("package/file.ts")
        entry.size = len(content)
        with tarfile.open(folder / "package.tgz", "w:gz") as archive:
            archive.addfile(entry, io.BytesIO(content))

    return sources._Packed("file.ts", "typescript", "package/file.ts", sha256, fetch)


def test_a_file_is_fetched_once(build: Build, tmp_path: Path) -> None:
    content = b"let a = 1\r\nlet b = 2\r\n"
    fetched: list[Path] = []
    one = packed(content, hashlib.sha256(content).hexdigest(), fetched)
    expected = sources.Source("file.ts", "typescript", "let a = 1\nlet b = 2\n")
    assert sources._unpacked(one) == sources._unpacked(one) == expected
    assert len(fetched) == 1
    [kept] = (tmp_path / "cache" / "slm-lsp" / "sources").iterdir()
    kept.write_bytes(b"damaged")
    assert sources._unpacked(one) == expected
    assert len(fetched) == 2


def test_a_file_that_is_not_the_pinned_one_is_refused(build: Build) -> None:
    with pytest.raises(SetupFailed, match="pinned hash"):
        sources._unpacked(packed(b"let evil = 1\n", "0" * 64, []))
