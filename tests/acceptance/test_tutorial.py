"""Runs the tutorial as its reader would: saves its files, types its commands, reads the answers."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.peers import free_port

TUTORIALS = sorted(Path("docs/tutorial").glob("*.md"))
_BLOCK = re.compile(r"^```(\w+)(?: (file|append)=(\S+))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_PATIENCE = 30.0
_PORTS = ("15020", "8085")
"""The ports that a tutorial names, which may be taken where its test runs."""

pytestmark = pytest.mark.acceptance


@dataclass(frozen=True)
class Step:
    """A command, and the beginnings of lines that the tutorial shows as its answer."""

    command: str
    answers: tuple[str, ...]


def steps(console: str) -> Iterator[Step]:
    for part in re.split(r"^\$ ", console, flags=re.MULTILINE)[1:]:
        command, *answers = part.strip().splitlines()
        yield Step(command, tuple(answers))


class Reader:
    """Somebody at a terminal in an empty folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.started: list[subprocess.Popen[bytes]] = []
        bin_ = Path(sys.executable).parent
        self._env = os.environ | {"PATH": f"{bin_}{os.pathsep}{os.environ['PATH']}"}

    def follow(self, step: Step) -> None:
        if step.command.endswith("&"):
            self._start(step.command.removesuffix("&"))
            return
        deadline = time.monotonic() + _PATIENCE
        while (fault := self._attempt(step)) and time.monotonic() < deadline:
            time.sleep(0.2)
        assert not fault, f"$ {step.command}\n{fault}"

    def _start(self, command: str) -> None:
        with (self.folder / f"terminal-{len(self.started)}.log").open("wb") as log:
            shell = ["bash", "-c", f"exec {command}"]
            self.started.append(
                subprocess.Popen(shell, cwd=self.folder, env=self._env, stdout=log, stderr=log)
            )

    def _attempt(self, step: Step) -> str:
        """What is wrong with the answer; empty if nothing is."""
        shell = ["bash", "-o", "pipefail", "-c", step.command]
        done = subprocess.run(
            shell, cwd=self.folder, env=self._env, capture_output=True, text=True, check=False
        )
        said = done.stdout + done.stderr
        missing = [line for line in step.answers if not _shows(said, line)]
        if done.returncode == 0 and not missing:
            return ""
        return f"exit code {done.returncode}, not shown: {missing}\n{said}\n{self._logs()}"

    def _logs(self) -> str:
        return "\n".join(log.read_text() for log in sorted(self.folder.glob("terminal-*.log")))


def _shows(said: str, line: str) -> bool:
    words = line.split()
    return any(shown.split()[: len(words)] == words for shown in said.splitlines()) or any(
        shown.startswith(line) for shown in said.splitlines()
    )


@contextmanager
def reader(folder: Path) -> Iterator[Reader]:
    """A reader who leaves nothing running behind."""
    person = Reader(folder)
    try:
        yield person
    finally:
        for process in reversed(person.started):
            process.send_signal(signal.SIGINT)
        for process in person.started:
            process.wait(15)


@pytest.mark.parametrize("tutorial", TUTORIALS, ids=lambda path: path.stem)
def test_every_command_of_a_tutorial_does_what_it_says(tutorial: Path, tmp_path: Path) -> None:
    ran = 0
    text = tutorial.read_text()
    for port in _PORTS:
        text = text.replace(port, str(free_port()))
    with reader(tmp_path) as person:
        for kind, verb, name, body in _BLOCK.findall(text):
            if verb:
                mode = "a" if verb == "append" else "w"
                with (tmp_path / name).open(mode) as file:
                    file.write(body)
            elif kind == "console":
                for step in steps(body):
                    person.follow(step)
                    ran += 1
        assert [process.poll() for process in person.started] == [None] * len(person.started)
    assert ran > 5
