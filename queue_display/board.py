"""What a display is sent, and nothing else. Masking happens here, before anything is encoded.

A `Board` has no field that could hold a whole name, an identifier, a birth date or a mark. Pure.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gateway.model import Instant, PersonName, Sex
from gateway.patients.masking import initials, masked, name_for, surname
from queue_display.estimate import Wait
from queue_display.options import DisplayOptions, Layout, Masking, QueueOptions
from queue_display.scene import Entry, Lane, Scene
from queue_display.terms import State, Words, spoken

_BENEATH = 4
_LISTED = 12


@dataclass(frozen=True, slots=True)
class Shown:
    """A patient as a display names one: by ticket, and masked where no other looks the same."""

    label: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class Call:
    """A call that stands. `key` tells it from every other call, a recall too.

    `sex` and `surname` are for the voice, which says 先生 or 女士, and reads a character as the
    surname is read that it begins; they are not in what a display is sent.
    """

    key: str
    who: Shown
    queue: Words
    place: Words
    arrow: str
    at: Instant
    lane: str = ""
    sex: Sex | None = None
    surname: str = ""

    @property
    def stands(self) -> bool:
        """Whether the patient is still called, not yet inside."""
        return self.key.endswith("/1")


@dataclass(frozen=True, slots=True)
class Waits:
    who: Shown
    wait: Wait | None


@dataclass(frozen=True, slots=True)
class Line:
    """One queue on a display. `down`: nobody is called, which a display says without the reason."""

    name: Words
    place: Words
    down: bool
    inside: tuple[Shown, ...]
    waiting: tuple[Waits, ...]
    more: int


@dataclass(frozen=True, slots=True)
class Board:
    """All that one zone shows."""

    zone: str
    layout: Layout
    languages: tuple[str, ...]
    calls: tuple[Call, ...]
    lines: tuple[Line, ...]
    notice: Words | None

    def payload(self) -> dict[str, Any]:
        return {
            "zone": self.zone,
            "layout": self.layout.value,
            "languages": list(self.languages),
            "calls": [
                {
                    "key": each.key,
                    "label": each.who.label,
                    "name": each.who.name,
                    "queue": each.queue,
                    "place": each.place,
                    "arrow": each.arrow,
                    "at": each.at // 1000,
                }
                for each in self.calls
            ],
            "lines": [_line_payload(each) for each in self.lines],
            "notice": self.notice,
        }


def board(scene: Scene, zone: str, options: DisplayOptions, waits: Mapping[str, Wait]) -> Board:
    """What the displays of a zone show; `waits` are the estimates by ticket."""
    lanes = [scene.lanes[name] for name in options.queues if name in scene.lanes]
    shown = _shown([entry for lane in lanes for entry in _present(lane)], options)
    return Board(
        zone,
        options.layout,
        options.languages,
        _calls(lanes, shown, options.languages[0]),
        tuple(_line(lane, shown, waits) for lane in lanes),
        spoken(options.notice) if options.notice else None,
    )


def _present(lane: Lane) -> list[Entry]:
    return [*lane.running, *lane.waiting]


def _shown(entries: Sequence[Entry], options: DisplayOptions) -> dict[str, Shown]:
    """Each ticket as it is shown. Names that look the same name nobody: their tickets do."""
    language = options.languages[0]
    names = {each.ticket.id: mask(each.names, options.names, language) for each in entries}
    seen = Counter(names.values())
    return {
        each.ticket.id: Shown(
            each.ticket.label, name if seen[name := names[each.ticket.id]] == 1 else ""
        )
        for each in entries
    }


def mask(names: Sequence[PersonName], masking: Masking, language: str) -> str:
    """A name as it may leave the server; empty where the number alone may."""
    name = name_for(names, language)
    if name is None or masking is Masking.NUMBER:
        return ""
    return masked(name) if masking is Masking.MASKED else initials(name)


def _calls(lanes: Sequence[Lane], shown: Mapping[str, Shown], language: str) -> tuple[Call, ...]:
    """The newest first: all who are called, then the last few who went in, five or more in all."""
    called = [
        (entry.ticket.state is not State.CALLED, -entry.ticket.called, entry.ticket.id, lane, entry)
        for lane in lanes
        for entry in lane.running
        if entry.ticket.called is not None
    ]
    called.sort(key=lambda each: each[:3])
    most = max(_BENEATH + 1, sum(not inside for inside, *_ in called))
    return tuple(_call(lane, entry, shown, language) for *_, lane, entry in called[:most])


def _call(lane: Lane, entry: Entry, shown: Mapping[str, Shown], language: str) -> Call:
    ticket = entry.ticket
    options: QueueOptions = lane.options
    return Call(
        f"{ticket.label}/{lane.id}/{ticket.calls}/{ticket.state is State.CALLED:d}",
        shown[ticket.id],
        spoken(options.name),
        spoken(options.place or options.name),
        options.arrow,
        ticket.called or Instant(0),
        lane.id,
        _sex(entry),
        _surname(entry, shown[entry.ticket.id].name, language),
    )


def _surname(entry: Entry, shown: str, language: str) -> str:
    """The one of which the mask shows the beginning; nothing where it shows none."""
    name = name_for(entry.names, language)
    whole = surname(name) if name is not None else ""
    return whole if shown[:1] and whole.startswith(shown[:1]) else ""


def _sex(entry: Entry) -> Sex | None:
    """As the site knows it; None where sources differ."""
    patient = entry.patient
    return patient.sex if patient is not None and "sex" not in patient.disputed else None


def _line(lane: Lane, shown: Mapping[str, Shown], waits: Mapping[str, Wait]) -> Line:
    inside = [each for each in lane.running if each.ticket.state is not State.CALLED]
    waiting = [Waits(shown[e.ticket.id], waits.get(e.ticket.id)) for e in lane.waiting]
    return Line(
        spoken(lane.options.name),
        spoken(lane.options.place or lane.options.name),
        lane.stand.stopped is not None,
        tuple(shown[each.ticket.id] for each in inside),
        tuple(waiting[:_LISTED]),
        max(0, len(waiting) - _LISTED),
    )


def _line_payload(line: Line) -> dict[str, Any]:
    return {
        "name": line.name,
        "place": line.place,
        "down": line.down,
        "inside": [{"label": each.label, "name": each.name} for each in line.inside],
        "waiting": [
            {
                "label": each.who.label,
                "name": each.who.name,
                "wait": [each.wait.low, each.wait.high] if each.wait is not None else None,
            }
            for each in line.waiting
        ],
        "more": line.more,
    }
