from __future__ import annotations

import asyncio
import json
import socket
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from simulators.control import answer, controlled

Ask: TypeAlias = Callable[..., Mapping[str, Any]]


def start(control: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "simulators.hospital", "--with-parent"]
    return subprocess.Popen(
        [*command, f"--control={control}"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )


def ready(process: subprocess.Popen[bytes]) -> dict[str, int]:
    assert process.stdout is not None
    ports: dict[str, int] = json.loads(process.stdout.readline())["ports"]
    return ports


@pytest.fixture(scope="module")
def ask(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ask]:
    """Requests to a running hospital, over its control socket."""
    control = tmp_path_factory.mktemp("hospital") / "control.sock"
    with start(control) as process:
        ready(process)
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as line:
            line.connect(str(control))
            with line.makefile("rb") as answers:

                def send(**request: Any) -> Mapping[str, Any]:
                    line.sendall(json.dumps(request).encode() + b"\n")
                    told: Mapping[str, Any] = json.loads(answers.readline())
                    return told

                yield send
        process.terminate()


def test_every_endpoint_has_a_port_and_its_faults(ask: Ask) -> None:
    listed = ask(kind="list")["endpoints"]
    assert {"meters", "chiller", "ups", "room", "chemistry", "hematology"} <= set(listed)
    assert {"scale", "water", "urine", "his", "dicom", "archive", "la1"} <= set(listed)
    assert len(listed) == 4 + 8 + 9
    assert listed["chemistry"]["port"].startswith("/dev/")
    assert all(each["port"] and each["faults"] for each in listed.values())


@pytest.mark.parametrize(
    ("request_", "told"),
    [
        ({"endpoint": "boiler", "kind": "silent"}, "chiller"),
        ({"endpoint": "chiller", "kind": "burning"}, "silent"),
        ({"endpoint": "chiller", "kind": "late", "colour": "red"}, "colour"),
    ],
)
def test_a_request_that_makes_no_sense_is_told_why(
    ask: Ask, request_: Mapping[str, Any], told: str
) -> None:
    refused = ask(**request_)
    assert refused["ok"] is False
    assert told in refused["error"]


@pytest.mark.parametrize(
    ("endpoint", "kind"),
    [
        ("meters", "silent"),
        ("bunker-1-air", "half-open"),
        ("bunker-1-air", "clock_skew"),
        ("scale", "damage"),
        ("water", "broken"),
        ("urine", "locked"),
    ],
)
def test_faults_of_both_kinds_begin_and_end(ask: Ask, endpoint: str, kind: str) -> None:
    assert ask(endpoint=endpoint, kind=kind, seconds=60) == {"ok": True}
    assert ask(endpoint=endpoint, kind="none") == {"ok": True}


def test_it_ends_with_its_parent(tmp_path: Path) -> None:
    with start(tmp_path / "control.sock") as process:
        assert {"meters", "chiller", "ups", "room", "sensors"} <= set(ready(process))
        assert process.stdin is not None
        process.stdin.close()
        assert process.wait(10) == 0
    assert list(tmp_path.iterdir()) == []


async def test_the_control_socket_answers_line_by_line(tmp_path: Path) -> None:
    path = tmp_path / "control.sock"
    async with controlled(path, lambda request: {"echo": request["kind"]}):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        reader, writer = await asyncio.open_unix_connection(path)
        writer.write(b'{"kind": "one"}\nnonsense\n{"kind": "two"}\n')
        lines = [json.loads(await reader.readline()) for _ in range(3)]
        writer.close()
        await writer.wait_closed()
    assert [line["ok"] for line in lines] == [True, False, True]
    assert lines[2]["echo"] == "two"
    assert not path.exists()


@pytest.mark.parametrize("line", [b"", b"[]", b"7", b"{", b"\xff"])
def test_what_is_no_request_is_refused(line: bytes) -> None:
    def handle(request: Any) -> dict[str, Any]:
        raise AssertionError(request)

    assert answer(line, handle)["ok"] is False
