"""A hospital system whose gateway is killed: patients and schedule hold all it was told, once."""

from __future__ import annotations

import itertools
import os
import random
import socket
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest

from tests.acceptance.live import Api, SiteFolder
from tests.peers import LOOPBACK, Say, count, free_port, full_run, wait_until

pytestmark = [pytest.mark.acceptance, pytest.mark.timeout(1800)]

DAY = date(2026, 11, 24)
_PATIENTS = 900
"""Of so many the API shows all in one answer; the system begins again with updates then."""

_ANSWER = 5.0
_AGAIN = 0.05
_PAUSE = 0.02 if full_run() else 0.004
"""Seconds for an answer, before a message is sent again, and between two messages."""


@dataclass(slots=True)
class Hospital:
    """Registers patient after patient and books each; each third booking is cancelled later.

    It sends a message, word for word and under one control id, until it is acknowledged.
    `told` holds what was: the trigger and the patient's number.
    """

    port: int
    told: list[tuple[str, int]] = field(default_factory=list)
    again: int = 0
    _stop: threading.Event = field(default_factory=threading.Event)
    _socket: socket.socket | None = None
    _control: int = 0

    @contextmanager
    def sending(self) -> Iterator[None]:
        thread = threading.Thread(target=self._send, name="hospital")
        thread.start()
        try:
            yield
        finally:
            self._stop.set()
            thread.join()

    def told_of(self, trigger: str) -> set[int]:
        return {number for each, number in self.told if each == trigger}

    def _send(self) -> None:
        for number in itertools.count(1):
            for trigger in _triggers(number):
                if self._stop.is_set() or number > _PATIENTS:
                    return
                self._control += 1
                about = number - 2 if trigger == "S15" else number
                self._deliver(_message(trigger, about, self._control))
                if not self._stop.is_set():
                    self.told.append((trigger, about))
                time.sleep(_PAUSE)

    def _deliver(self, message: bytes) -> None:
        while not self._stop.is_set():
            try:
                if b"|AA|" in self._ask(message):
                    return
            except OSError:
                self._hang_up()
            self.again += 1
            time.sleep(_AGAIN)

    def _ask(self, message: bytes) -> bytes:
        if self._socket is None:
            self._socket = socket.create_connection((LOOPBACK, self.port), _ANSWER)
        self._socket.sendall(message)
        answer = b""
        while not answer.endswith(b"\x1c\r"):
            piece = self._socket.recv(4096)
            if not piece:
                raise ConnectionError("the gateway hung up")
            answer += piece
        return answer

    def _hang_up(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None


def _triggers(number: int) -> tuple[str, ...]:
    return ("A04", "S12", "S15") if number % 3 == 0 else ("A04", "S12")


def _message(trigger: str, number: int, control: int) -> bytes:
    kind = "ADT" if trigger == "A04" else "SIU"
    at = datetime(2026, 11, 23, 8) + timedelta(seconds=control)  # noqa: DTZ001 - its own clock
    start = datetime.combine(DAY, datetime.min.time()) + timedelta(minutes=number)
    pid = f"PID|1||P{number:06d}^^^HIS^MR||王{number}||19610405|M"
    status = "Cancelled" if trigger == "S15" else "Booked"
    sent = f"{at:%Y%m%d%H%M%S}"
    header = f"MSH|^~\\&|HIS|H|ISOGATE|RT|{sent}||{kind}^{trigger}|C{control}|P|2.5.1"
    lines = [f"{header}||||||UNICODE UTF-8", f"EVN|{trigger}|{sent}"]
    if kind == "SIU":
        fields = [""] * 26
        fields[0], fields[2] = "SCH", f"F{number:06d}^HIS"
        fields[9], fields[10], fields[11] = "10", "min", f"^^^{start:%Y%m%d%H%M%S}"
        fields[25] = status
        lines = [lines[0], "|".join(fields), pid, "RGS|1", "AIG|1||LA1"]
    else:
        lines.append(pid)
    return b"\x0b" + ("\r".join(lines) + "\r").encode() + b"\x1c\r"


def site(port: int) -> dict[str, object]:
    return {
        "links": {"his": {"driver": "hl7", "transport": {"type": "tcp-listen", "port": port}}},
        "devices": {
            "his": {"name": "HIS", "link": "his", "profile": "hospital-information-system"}
        },
        "schedule": {"resources": {"linac-1": {"name": "Linac 1", "known_as": ["LA1"]}}},
    }


def judge(api: Api, hospital: Hospital) -> None:
    """What was acknowledged is there, and everything once: as events and on the pages."""
    said = Counter(
        (event["code"].partition("^")[2], event["payload"].get("filler") or _number_of(event))
        for event in api.events("his")
        if event["kind"] in {"patient", "appointment"}
    )
    assert {key: times for key, times in said.items() if times != 1} == {}, "doubled"
    known = Counter(
        item["identifiers"][0]["value"] for item in api.get("/patients", limit=1000)["items"]
    )
    registered = {f"P{number:06d}" for number in hospital.told_of("A04")}
    assert registered - set(known) == set(), "a patient was lost"
    assert [number for number, times in known.items() if times != 1] == []
    booked = {
        item["filler"]: item["status"]
        for item in api.get("/appointments", day=DAY.isoformat())["items"]
    }
    assert {f"F{number:06d}" for number in hospital.told_of("S12")} - set(booked) == set()
    cancelled = {f"F{number:06d}" for number in hospital.told_of("S15")}
    assert {booked[filler] for filler in cancelled} <= {"cancelled"}, "a cancellation was lost"


def _number_of(event: dict[str, object]) -> object:
    subject = event["subject"]
    assert isinstance(subject, dict)
    return subject["patient"]


def folded(api: Api, hospital: Hospital) -> bool:
    """Whether the tables stand where the events stand."""
    last = hospital.told[-1][1] if hospital.told else 0
    items = api.get("/patients", limit=1000)["items"]
    return f"P{last:06d}" in {item["identifiers"][0]["value"] for item in items}


def test_all_that_was_acknowledged_is_in_patients_and_schedule_and_nothing_twice(
    tmp_path: Path, say: Say
) -> None:
    seed = int(os.environ.get("ISOGATE_SEED", "0")) or random.SystemRandom().randrange(1, 10**6)
    say(f"ISOGATE_SEED={seed}")
    chance = random.Random(seed)
    hospital = Hospital(free_port())
    folder = SiteFolder.write(tmp_path / "site", site(hospital.port))
    kills = count(3, 30)
    with Api.of(folder.data) as api:
        with hospital.sending():
            for _ in range(kills):
                with folder.gateway() as process:
                    folder.wait_ready(api, process, within=60)
                    time.sleep(chance.uniform(0.3, 1.5))
                    process.kill()
                    process.wait()
            with folder.gateway() as process:
                folder.wait_ready(api, process, within=60)
                told = len(hospital.told)
                wait_until(
                    lambda: len(hospital.told) > told or told >= 2 * _PATIENTS,
                    within=60,
                    what="the hospital to be acknowledged again",
                )
        with folder.gateway() as process:
            folder.wait_ready(api, process, within=60)
            wait_until(lambda: folded(api, hospital), within=60, what="the tables")
            judge(api, hospital)
    say(f"{kills} kills, {len(hospital.told)} messages acknowledged, {hospital.again} sent again")
    assert len(hospital.told) > 20
    assert hospital.again > 0
