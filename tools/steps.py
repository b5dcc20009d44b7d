"""Running the commands of the set-up: everything into a log, progress on the terminal."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING, TextIO

from tools.machine import SetupFailed

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

PLAIN_INTERVAL_S = 15.0
"""How often a line says that a step goes on, where there is no terminal."""

_NINJA = re.compile(r"\[(\d+)/(\d+)\]")


class Step:
    """How far one command is, read from its output."""

    def __init__(self, title: str) -> None:
        self.title = title
        self.percent = ""
        self.last_error = ""
        self._began = time.monotonic()

    def hear(self, line: str) -> None:
        """Take in one line of output: ninja's `[done/total]`, or an error."""
        counted = _NINJA.search(line)
        if counted and int(counted.group(2)):
            self.percent = f"{100 * int(counted.group(1)) // int(counted.group(2)):3d} %  "
        if line.lower().startswith("error:"):
            self.last_error = line.strip()

    def __str__(self) -> str:
        """Return the line that the user sees."""
        seconds = int(time.monotonic() - self._began)
        return f"{self.title}  {self.percent}{seconds // 60}:{seconds % 60:02d}"


def run(title: str, command: Sequence[object], log: Path, advice: str, **env: str) -> None:
    """Run `command` with `env` added to the environment, and show how it goes.

    Raises SetupFailed with `advice` and the log's path where it fails. However this function is
    left, nothing of the command keeps running.
    """
    # pip's --user, where the user's own settings ask for it, fails in a virtual environment.
    environ = {**os.environ, "PIP_USER": "0", "PIP_DISABLE_PIP_VERSION_CHECK": "1", **env}
    step = Step(title)
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("a", encoding="utf-8") as file:
        file.write("\n$ {}\n".format(" ".join(map(str, command))))
        process = subprocess.Popen(
            [str(part) for part in command],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            env=environ,
            start_new_session=True,  # one group, so that no compiler outlives pip
        )
        reader = threading.Thread(target=_read, args=(process.stdout, step, file))
        reader.start()
        try:
            _show(process, step)
        finally:
            _end(process)
            reader.join()
    if process.returncode != 0:
        reason = f" ({step.last_error})" if step.last_error else ""
        raise SetupFailed(f"This step failed: {title}{reason}. {advice} The log is {log}.")


def _read(output: TextIO, step: Step, log: TextIO) -> None:
    with output:
        for line in output:
            log.write(line)
            step.hear(line)


def _show(process: subprocess.Popen[str], step: Step) -> None:
    live = sys.stderr.isatty()
    if not live:
        sys.stderr.write(f"{step.title}\n")
    while process.poll() is None:
        try:
            process.wait(0.5 if live else PLAIN_INTERVAL_S)
        except subprocess.TimeoutExpired:
            sys.stderr.write(f"\r\033[K{step}" if live else f"{step}\n")
            sys.stderr.flush()
    sys.stderr.write(f"\r\033[K{step}\n" if live else "")


def _end(process: subprocess.Popen[str]) -> None:
    if process.poll() is not None:
        return
    for ask, patience_s in ((signal.SIGTERM, 5.0), (signal.SIGKILL, None)):
        os.killpg(process.pid, ask)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(patience_s)
            return
