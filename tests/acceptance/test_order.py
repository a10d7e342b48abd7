"""A system-call trace shows that the commit is on disk before the broker hears of it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from tests.acceptance.live import Api, SiteFolder
from tests.acceptance.load import DEVICES, site
from tests.peers import Broker, free_port, require_peer, wait_until

pytestmark = [pytest.mark.acceptance, pytest.mark.peer]

MESSAGES = 10
FIRST = 7_700_001
TRACE = (
    *("-f", "-y", "-qq", "-s", "16384"),
    *("-e", "trace=fsync,fdatasync,sendto,pwrite64,recvfrom"),
)
_CALL = re.compile(r"^(?P<pid>\d+) +(?P<rest>.*)$")
_NAME = re.compile(r"^(?P<name>\w+)\(")
_RESUMED = re.compile(r"^<\.\.\. (?P<name>\w+) resumed>")


@dataclass(frozen=True, slots=True)
class Call:
    """A finished system call: its lines in the trace where it began and where it returned."""

    name: str
    text: str
    begun: int
    done: int


def calls(trace: str) -> Iterator[Call]:
    """The calls of a `strace -f`, whose lines interleave between threads."""
    open_: dict[str, tuple[str, str, int]] = {}
    for index, line in enumerate(trace.splitlines()):
        found = _CALL.match(line)
        if found is None:
            continue
        pid, rest = found["pid"], found["rest"]
        named, resumed = _NAME.match(rest), _RESUMED.match(rest)
        if named is not None and rest.endswith("<unfinished ...>"):
            open_[pid] = named["name"], rest.removesuffix("<unfinished ...>"), index
        elif named is not None:
            yield Call(named["name"], rest, index, index)
        elif resumed is not None and pid in open_:
            name, text, begun = open_.pop(pid)
            yield Call(name, text + rest[resumed.end() :], begun, index)


def test_the_sync_comes_before_the_acknowledgement(tmp_path: Path, broker: Broker) -> None:
    strace = require_peer("strace")
    trace = tmp_path / "trace.txt"
    folder = SiteFolder.write(tmp_path / "site", site(broker, meters=free_port()))
    with (
        folder.gateway(before=(strace, *TRACE, "-o", trace)) as process,
        Api.of(folder.data) as api,
    ):
        folder.wait_ready(api, process, within=60)
        wait_until(lambda: api.links_up("sensors"), within=30, what="the link to the broker")
        for number in range(FIRST, FIRST + MESSAGES):
            publish(broker, number)
            wait_until(
                lambda number=number: acknowledged(trace, number),  # type: ignore[misc]
                within=30,
                what=f"PUBACK of {number}",
            )
    found = list(calls(trace.read_text(errors="replace")))
    for number in range(FIRST, FIRST + MESSAGES):
        judge(found, number)


def publish(broker: Broker, number: int) -> None:
    client = paho.Client(CallbackAPIVersion.VERSION2)
    client.connect(broker.host, broker.port)
    client.loop_start()
    body = json.dumps({"n": number})
    client.publish(f"trial/{DEVICES[1]}", body, qos=1).wait_for_publish(10)
    client.disconnect()
    client.loop_stop()


def acknowledged(trace: Path, number: int) -> bool:
    found = list(calls(trace.read_text(errors="replace")))
    received = [call.done for call in found if is_receipt(call, number)]
    return bool(received) and any(is_puback(call) and call.begun > received[0] for call in found)


def is_receipt(call: Call, number: int) -> bool:
    return call.name == "recvfrom" and str(number) in call.text


def is_puback(call: Call) -> bool:
    """First byte 0x40, `@` as strace prints it (MQTT 5, 2.1.2)."""
    return call.name == "sendto" and bool(re.search(r'>, "@\\[0-7]', call.text))


def judge(found: list[Call], number: int) -> None:
    """What is written is sealed: the write is known by its file and by its time."""
    received = next(call for call in found if is_receipt(call, number))
    puback = next(call for call in found if is_puback(call) and call.begun > received.done)
    writes = [
        call
        for call in found
        if call.name == "pwrite64"
        and "-wal>" in call.text
        and "/segments/" in call.text
        and received.begun < call.done < puback.begun
    ]
    assert writes, f"{number} was acknowledged before anything was written to a segment's log"
    written = min(call.done for call in writes)
    assert received.begun < written < puback.begun
    synced = [
        call
        for call in found
        if call.name in {"fdatasync", "fsync"}
        and "-wal>" in call.text
        and call.text.rstrip().endswith("= 0")
        and written < call.begun
        and call.done < puback.begun
    ]
    assert synced, f"{number} was acknowledged before it was synced"


def test_a_trace_with_the_sync_too_late_is_refused() -> None:
    lines = [
        '1 recvfrom(9<TCP:[1->2]>, "x7700001", 10, 0, NULL, NULL) = 8',
        '2 pwrite64(7</segments/s.db-wal>, "7700001", 7, 0 <unfinished ...>',
        '1 sendto(9<TCP:[1->2]>, "@\\2\\0\\1", 4, 0, NULL, 0) = 4',
        "2 <... pwrite64 resumed>) = 7",
        "2 fdatasync(7</segments/s.db-wal>) = 0",
    ]
    with pytest.raises(AssertionError):
        judge(list(calls("\n".join(lines))), FIRST)
    judge(list(calls("\n".join([lines[0], lines[1], lines[3], lines[4], lines[2]]))), FIRST)
