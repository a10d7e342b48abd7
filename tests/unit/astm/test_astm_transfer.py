"""From frames to publications: whose message it is, and which happening."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

import pytest

from drivers.astm import driver_type
from drivers.astm.analyzers import Analyzers
from drivers.astm.driver import check, interpret
from drivers.astm.profile import AstmProfile
from drivers.astm.times import parse_time
from drivers.astm.transfer import Outcome, Refused, read_transfer
from gateway import (
    DeviceEntry,
    ProtocolViolation,
    Publication,
    QuarantineReason,
    RawId,
)
from tests.unit.astm.astm_kit import (
    ENQ,
    EOT,
    HEADER,
    device,
    frames,
    link,
    message,
    profile,
    result,
    transfer,
    wire,
)


def read(sent: list[bytes], *devices: DeviceEntry, enquiry: int = 1) -> list[Outcome]:
    return list(read_transfer(transfer(sent, enquiry), Analyzers(devices or (device(),))))


def occurrence(sent: list[bytes], enquiry: int = 1, **more: Any) -> bytes:
    (found,) = read(sent, device(model=profile(**more)), enquiry=enquiry)
    assert isinstance(found, Publication)
    return found.occurrence


def untimed(sample: str = "S1", header_time: str = "") -> list[bytes]:
    header = HEADER.rpartition(b"|")[0] + b"|" + header_time.encode()
    return frames(header, f"O|1|{sample}".encode(), b"R|1|^^^GLU|5.5|mmol/L", b"L|1|N")


def test_a_message_is_one_publication_with_all_its_frames() -> None:
    (found,) = read(message(result("GLU"), result("ALT", "24", "U/L")))
    assert isinstance(found, Publication)
    assert found.device == "chem"
    assert found.raw_ids == tuple(range(2, 8))
    assert [(each.code, found.raw_ids[each.wire]) for each in found.readings] == [
        ("GLU", 5),
        ("ALT", 6),
    ]


def test_each_message_of_a_transfer_is_its_own() -> None:
    first, second = read([*message(), *message(sample="S2")])
    assert isinstance(first, Publication)
    assert isinstance(second, Publication)
    assert (first.raw_ids, second.raw_ids) == (tuple(range(2, 7)), tuple(range(7, 12)))
    assert second.readings[0].wire == 3


def test_a_message_without_its_end_waits_and_the_next_one_counts() -> None:
    first, second = read([*message()[:-1], *message(sample="S2")])
    assert isinstance(first, Refused)
    assert (first.reason, first.device) == (QuarantineReason.INCOMPLETE, "chem")
    assert isinstance(second, Publication)


def test_records_without_a_header_wait() -> None:
    (found,) = read(frames(b"R|1|^^^GLU|5.5", b"L|1|N"))
    assert isinstance(found, Refused)
    assert found.reason is QuarantineReason.UNREADABLE


@pytest.mark.parametrize(
    ("options", "reason", "whose"),
    [
        ([{"sender": "chem-1"}, {"sender": "chem-2"}], None, "a0"),
        ([{"sender": "chem-2"}, {"sender_pattern": r"chem-\d"}], None, "a1"),
        ([{"sender": "x"}], QuarantineReason.UNKNOWN_DEVICE, ""),
        ([{"sender": "x"}, {"sender": "y"}], QuarantineReason.UNKNOWN_DEVICE, ""),
        ([{"sender": "chem-1"}, {"sender": "chem-1"}], QuarantineReason.AMBIGUOUS, ""),
    ],
)
def test_the_sender_says_whose_it_is_or_nobody_does(
    options: list[dict[str, Any]], reason: QuarantineReason | None, whose: str
) -> None:
    devices = [device(f"a{at}", **each) for at, each in enumerate(options)]
    (found,) = read(message(), *devices)
    assert found.device == whose
    assert (found.reason if isinstance(found, Refused) else None) == reason


def test_each_analyzer_is_named_in_its_own_charset() -> None:
    header = HEADER.replace(b"chem-1", "生化一".encode("gb18030"))
    sent = [*frames(header), *message()[1:]]
    devices = [device("u", sender="x"), device("g", profile(charset="gb18030"), sender="生化一")]
    (found,) = read(sent, *devices)
    assert found.device == "g"


def test_text_in_another_charset_waits_for_a_person() -> None:
    sent = frames(HEADER, "P|1|||王".encode("gb18030"), b"L|1|N")
    (found,) = read(sent)
    assert isinstance(found, Refused)
    assert found.reason is QuarantineReason.UNREADABLE
    assert "is not utf-8" in found.detail


def test_a_header_that_nobody_can_read_is_nobodys() -> None:
    (found,) = read(frames(b"H|||||", b"L|1|N"))
    assert isinstance(found, Refused)
    assert (found.reason, found.device) == (QuarantineReason.UNREADABLE, "")


def test_a_message_sent_again_later_is_the_same() -> None:
    later = [*frames(HEADER.replace(b"0800", b"0801")), *message()[1:]]
    assert occurrence(message()) == occurrence(later, enquiry=900)


def test_another_value_or_another_time_is_another_message() -> None:
    other = [result(value="5.51"), result().replace(b"080001", b"080002")]
    assert len({occurrence(message(each)) for each in [result(), *other]}) == 3


def test_without_a_result_time_the_message_time_tells() -> None:
    first, again = untimed(header_time="20261123080000"), untimed(header_time="20261123080000")
    assert occurrence(first) == occurrence(again, enquiry=9)
    assert occurrence(first) != occurrence(untimed(header_time="20261123080001"))


def test_without_any_time_a_barcode_tells_and_a_daily_number_does_not() -> None:
    assert occurrence(untimed()) == occurrence(untimed(), enquiry=9)
    daily: dict[str, Any] = {"specimen": "daily-number"}
    assert occurrence(untimed(), **daily) != occurrence(untimed(), enquiry=9, **daily)
    assert occurrence(untimed(""), 1) != occurrence(untimed(""), 9)


def test_the_same_words_twice_in_one_transfer_are_two_where_nothing_tells_them_apart() -> None:
    first, second = read([*untimed(""), *untimed("")])
    assert isinstance(first, Publication)
    assert isinstance(second, Publication)
    assert first.occurrence != second.occurrence


def test_a_journalled_message_is_read_again() -> None:
    sent = [ENQ, *message()[:-1], b"", ENQ, *message(sample="S2"), EOT]
    records = [wire(at, data) for at, data in enumerate(sent, 1)]
    (found,) = interpret(link(), records, RawId(9))
    assert found.readings[0].subject is not None
    assert found.readings[0].subject.specimen == "S2"
    with pytest.raises(ProtocolViolation, match="no terminator"):
        interpret(link(), records, RawId(3))
    with pytest.raises(ProtocolViolation, match="holds record 1"):
        interpret(link(), records, RawId(1))


def test_analyzers_that_cant_be_told_apart_are_found_in_the_configuration() -> None:
    alone = link(device())
    mixed = link(device("a", sender="x"), device("b", sender="x"), device("c"))
    assert list(check([alone])) == []
    assert [(each.device, each.key) for each in check([mixed])] == [
        ("b", "sender"),
        ("c", "sender"),
    ]


def test_a_link_of_another_driver_is_a_mistake() -> None:
    with pytest.raises(TypeError, match="not a link"):
        driver_type.build(type(link())("a", "astm", driver_type.device(), None, ()))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("place", "key"),
    [("P-3", "specimen_at"), ("R-0", "code_at"), ("R-3.x", "value_at"), ("X-1", "patient_at")],
)
def test_a_place_that_is_none_is_refused(place: str, key: str) -> None:
    with pytest.raises(ValueError, match=f"{place!r} "):
        profile(**{key: [place] if key in {"code_at", "value_at"} else place})


def test_results_are_records() -> None:
    with pytest.raises(ValueError, match="retention"):
        AstmProfile.model_validate({**profile().model_dump(), "retention": "telemetry"})


SHANGHAI, BERLIN = ZoneInfo("Asia/Shanghai"), ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    ("text", "zone", "expected"),
    [
        ("20261123080000", SHANGHAI, 1795392000),
        ("202611230800", SHANGHAI, 1795392000),
        ("20261123080000.5", SHANGHAI, 1795392000),
        ("20261123080000+0800", BERLIN, 1795392000),
        ("20261122190000-0500", BERLIN, 1795392000),
        ("19700101080000", SHANGHAI, 0),
        ("22001231235959", SHANGHAI, 7_289_625_599),
        ("19691231235959", SHANGHAI, None),
        ("22010101000000", SHANGHAI, None),
        ("00010101000000", SHANGHAI, None),
        ("99991231235959", SHANGHAI, None),
        ("99991231235959-1200", SHANGHAI, None),
        ("20261123", SHANGHAI, None),
        ("20261323080000", SHANGHAI, None),
        ("20261123080000+9900", SHANGHAI, None),
        ("20261025023000", BERLIN, None),
        ("20260329023000", BERLIN, None),
        ("2026-11-23 08:00", SHANGHAI, None),
        ("٢٠٢٦١١٢٣٠٨٠٠", SHANGHAI, None),
        ("", SHANGHAI, None),
    ],
)
def test_a_time_is_one_instant_or_none(text: str, zone: ZoneInfo, expected: int | None) -> None:
    assert parse_time(text, zone) == (None if expected is None else expected * 1_000_000)
