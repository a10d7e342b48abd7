"""Acknowledgement, refusal, and who said it."""

from __future__ import annotations

from typing import Any

import pytest

from drivers.line.driver import LineDriver, check
from drivers.line.profile import LineProfile
from gateway import QuarantineReason, StoreError
from tests.unit.line.test_line_transcripts import Scripted, heard, link

PROFILE = {
    "profile": "analyzer",
    "driver": "line",
    "title": "Analyzer",
    "grade": "derived",
    "source": "these tests",
    "charset": "gb18030",
    "framing": {"start": "\x02", "end": "\x03", "checksum": {"kind": "xor8", "hex": True}},
    "accept": "\x06",
    "refuse": "\x15",
    "lines": [
        {"match": r"(?P<specimen>\d+),(?P<note>.+),(?P<GLU>[\d.]+) *(?P<unit>\S+)"},
        {"match": "READY", "ignore": True},
    ],
    "points": {"GLU": {"unit": "mmol/L"}, "note": {}},
}


def profile(**changes: Any) -> LineProfile:
    return LineProfile.model_validate({**PROFILE, **changes})


def frame(text: str, charset: str = "gb18030") -> bytes:
    data = text.encode(charset)
    value = 0
    for octet in data:
        value ^= octet
    return b"\x02" + data + b"\x03" + f"{value:02X}".encode()


async def test_a_message_is_accepted_after_its_commit_and_damage_refused() -> None:
    sent = frame("7,溶血,5.60 mmol/L") + b"\x02damaged\x0300" + frame("READY")
    ports, answered = await heard(link(profile()), sent, 5)
    (published,) = ports.publications
    assert [reading.text for reading in published.readings] == ["溶血", "5.60"]
    assert published.readings[0].subject is not None
    assert published.readings[0].subject.specimen == "7"
    assert answered == b"\x06\x15\x06"
    assert [it.reason for it in ports.quarantine_list] == [QuarantineReason.UNREADABLE]


async def test_nothing_is_accepted_that_the_store_refused() -> None:
    sent = frame("7,x,5.60 mmol/L")
    script = Scripted(iter([sent]))
    ports, _ = await heard(link(profile()), b"", 1)
    ports.store_works = False
    with pytest.raises(StoreError):
        await LineDriver(link(profile()))._serve(ports, script)
    assert script.written == b""


async def test_text_in_another_charset_is_unreadable_not_garbled() -> None:
    ports, _ = await heard(link(profile(charset="utf-8")), frame("7,溶血,5.60 mmol/L"), 100)
    assert ports.publications == []
    assert [it.reason for it in ports.quarantine_list] == [QuarantineReason.UNREADABLE]


async def test_a_line_of_two_devices_is_ambiguous_or_unknown_but_never_guessed() -> None:
    ports, _ = await heard(link(profile(), "one", "two"), frame("7,x,5.60 mmol/L"), 100)
    assert ports.publications == []
    assert [it.reason for it in ports.quarantine_list] == [QuarantineReason.UNKNOWN_DEVICE]


async def test_a_message_cut_off_by_the_end_of_the_connection_is_incomplete() -> None:
    ports, _ = await heard(link(profile()), frame("7,x,5.60 mmol/L")[:-4], 3)
    assert [it.reason for it in ports.quarantine_list] == [QuarantineReason.INCOMPLETE]


async def test_the_same_line_twice_is_two_happenings() -> None:
    ports, _ = await heard(link(profile()), 2 * frame("7,x,5.60 mmol/L"), 9)
    assert len({each.occurrence for each in ports.publications}) == 2


def test_devices_of_one_line_must_frame_alike() -> None:
    other = profile(profile="other", accept="")
    entry = link(profile(), "one")
    mixed = type(entry)(
        entry.id,
        entry.driver,
        entry.options,
        entry.transport,
        (*entry.devices, *link(other, "two").devices),
    )
    assert [finding.device for finding in check([mixed])] == ["two"]


def test_a_group_that_names_no_point_is_told() -> None:
    with pytest.raises(ValueError, match=r"lines\.0\.match: group 'other' is no point"):
        profile(lines=[{"match": "(?P<other>x)"}])
