"""An ORU^R01 with 30 OBX: every field that its meaning needs, against `hl7` and `hl7kit`."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

import hl7
import hl7kit

from bench.case import Case, Options
from drivers.hl7.charset import decode
from drivers.hl7.message import Message

_RESULTS = 30
_ROUNDS = 7
_SIZE = "ORU^R01 2.3.1, 30 OBX, 2.3 kB of UTF-8 with Chinese names"
_PLACES = ("2", "3.1", "3.2", "5", "6.1", "7", "8", "11", "14")
_HEADER = (
    "MSH|^~\\&|LAB|A1|||20261123160436||ORU^R01|7|P|2.3.1||||||UNICODE\r"
    "PID|1||P1^^^HIS^MR||王建国||19650412|M\r"
    "OBR|1||S1|00001^Count^99MRC|||20261123151657\r"
)


async def run(options: Options) -> Sequence[Case]:
    """Peers get the same bytes and are asked for the same nine parts of every OBX."""
    data = message(_RESULTS).encode()
    seconds = 0.02 if options.smoke else 0.5
    readers = {"ours": ours, "python-hl7": python_hl7, "hl7kit": hl7_kit, "bare": hl7kit.parse}
    assert ours(data) == python_hl7(data) == hl7_kit(data)
    best = dict.fromkeys(readers, 0.0)
    for _ in range(1 if options.smoke else _ROUNDS):
        for name, read in readers.items():
            best[name] = max(best[name], _rate(read, data, seconds))
    return [
        _case(best["ours"], "python-hl7", "hl7 (parse and the same access)", best, 20),
        _case(best["ours"], "hl7kit", "hl7kit (parse and the same access)", best, 1),
        _case(best["ours"], "bare", "hl7kit (parse alone, nothing read)", best, None),
    ]


def message(results: int) -> str:
    """An ORU^R01 as a hematology analyzer sends it."""
    lines = (
        f"OBX|{number}|NM|{6600 + number}-2^TEST{number}^LN||{number}.57|10*9/L|4.00-10.00|H~N"
        f"|||F|||20261123151657\r"
        for number in range(1, results + 1)
    )
    return _HEADER + "".join(lines)


def ours(data: bytes) -> list[tuple[str, ...]]:
    """Decode, split and read."""
    decoded = decode(data, "utf-8")
    found: list[tuple[str, ...]] = []
    for segment in Message(decoded.text, decoded.charset).all("OBX"):
        component, text = segment.component, segment.text
        found.append(
            (
                component(2),
                component(3),
                component(3, 2),
                text(5),
                component(6),
                text(7),
                component(8),
                component(11),
                component(14),
            )
        )
    return found


def python_hl7(data: bytes) -> list[tuple[str, ...]]:
    """The same with python-hl7; its field 8 is asked for the first repetition, too."""
    parsed = hl7.parse(data.decode())
    return [
        (
            str(segment[2]),
            str(segment[3][0][0]),
            str(segment[3][0][1]),
            str(segment[5]),
            str(segment[6]),
            str(segment[7]),
            str(segment[8][0]),
            str(segment[11]),
            str(segment[14]),
        )
        for segment in parsed.segments("OBX")
    ]


def hl7_kit(data: bytes) -> list[tuple[str, ...]]:
    """The same with hl7kit, by its paths."""
    get = hl7kit.parse(data).get
    return [
        tuple(get(f"OBX[{number}]-{place}") or "" for place in _PLACES_FIRST)
        for number in range(1, _RESULTS + 1)
    ]


_PLACES_FIRST = tuple("8[1]" if place == "8" else place for place in _PLACES)


def _rate(read: Callable[[bytes], object], data: bytes, seconds: float) -> float:
    count = 0
    begin = time.perf_counter()
    while (passed := time.perf_counter() - begin) < seconds:
        read(data)
        count += 1
    return count / passed


def _case(rate: float, peer: str, name: str, best: dict[str, float], goal: float | None) -> Case:
    return Case(
        name="hl7_parse",
        case=f"30 OBX, against {name}",
        ours=rate,
        peer=best[peer],
        peer_name=name,
        unit="message/s",
        better="higher",
        goal=goal,
        size=_SIZE,
        durable=False,
        peer_ack="nothing is acknowledged or stored on either side",
    )
