"""How the events of one test of a sample belong together. Pure: the same for any order of events.

`docs/decisions/0011-lab-projection.md` says why.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from gateway.model import Status

_REVISES = frozenset({Status.CORRECTED, Status.ENTERED_IN_ERROR})
_FINAL = frozenset({Status.FINAL, Status.CORRECTED})
_WITHDRAWN = frozenset({Status.CANCELLED, Status.ENTERED_IN_ERROR})


@dataclass(frozen=True, slots=True)
class Heard:
    """One event. `raw` orders by when its bytes came, `message` is the same for those of one.

    `at` is `own_time`, `same` is `sameness`, `alike` is `likeness`; `again` if its device says that
    it has sent it before; `critical` by its flags.
    """

    seq: int
    raw: int
    message: int
    status: Status
    at: int | None
    same: bytes
    alike: bytes = b""
    again: bool = False
    critical: bool = False


@dataclass(frozen=True, slots=True)
class Tied:
    """An event's place: `repeats` and `supersedes` are the seq of another one of its test."""

    seq: int
    version: int
    current: bool
    repeats: int | None = None
    supersedes: int | None = None


def tie(heard: Iterable[Heard]) -> list[Tied]:
    """The versions of a test in the order in which their bytes came.

    The last one is current that is no echo of what was corrected, withdrawn or followed by others.
    """
    events = _in_order(heard)
    first = _repetitions(events)
    results = [event for event in events if event.seq not in first]
    echoes = frozenset(_echoes(results))
    fresh = [event for event in results if event.seq not in echoes]
    replaced = dict(_corrections(fresh))
    tied = {
        event.seq: Tied(event.seq, number, event is fresh[-1], supersedes=replaced.get(event.seq))
        for number, event in enumerate(results, 1)
    }
    return [*tied.values(), *(_again(seq, tied[of]) for seq, of in first.items())]


def tie_runs(heard: Iterable[Heard]) -> list[Tied]:
    """Runs of a control: each is a measurement of its own, however often it is sent."""
    events = _in_order(heard)
    first = _repetitions(events)
    runs = {event.seq: Tied(event.seq, 1, current=True) for event in events}
    return [_again(seq, runs[first[seq]]) if seq in first else run for seq, run in runs.items()]


def _in_order(heard: Iterable[Heard]) -> list[Heard]:
    return sorted(heard, key=lambda event: (event.raw, event.seq))


def _again(seq: int, original: Tied) -> Tied:
    return Tied(seq, original.version, current=False, repeats=original.seq)


def _repetitions(events: Sequence[Heard]) -> dict[int, int]:
    """The events that say again what an earlier message said, with the seq of that.

    Within one message nothing is repeated: of two equal results there the second is another
    replicate, and the second of a later message says that one again.
    """
    first: dict[tuple[bytes, int], int] = {}
    within: Counter[tuple[bytes, int]] = Counter()
    again: dict[int, int] = {}
    for event in events:
        if not event.same:
            continue
        replicate = within[event.same, event.message]
        within[event.same, event.message] += 1
        original = first.setdefault((event.same, replicate), event.seq)
        if original != event.seq:
            again[event.seq] = original
    return again


def _echoes(results: Sequence[Heard]) -> Iterator[int]:
    """The versions that only say what was said before a correction, or before others.

    Its device says so of a result (LIS2-A2 9.9, `R`), or it is like one from before a correction
    or a withdrawal, such as a reprint of what was corrected. A correction is no echo of what it
    corrects, and nothing that withdraws a result is one.
    """
    earlier: set[tuple[bytes, bool]] = set()
    since: set[tuple[bytes, bool]] = set()
    revised = False
    for event in results:
        corrects = event.status is Status.CORRECTED
        like = {(event.alike, True), (event.alike, corrects)} if event.alike else set()
        known = earlier | since if event.again else earlier
        if event.status not in _WITHDRAWN:
            resent = event.again and revised and not corrects
            if resent or known & like:
                yield event.seq
                continue
        if event.status in _REVISES:
            earlier |= since
            since, revised = set(), True
        since.add((event.alike, corrects))


def _corrections(results: Sequence[Heard]) -> Iterator[tuple[int, int]]:
    """Each correction whose original is certain, and that original."""
    standing: list[Heard] = []
    for event in results:
        original = _original(event, standing) if event.status in _REVISES else None
        if original is not None:
            standing.remove(original)
            yield event.seq, original.seq
        if event.status not in _WITHDRAWN:
            standing.append(event)


def _original(correction: Heard, standing: Sequence[Heard]) -> Heard | None:
    """The one standing result that it may correct: of its own time, or the only one.

    Final ones go before preliminary ones (HL7 table 0085: C replaces a final result).
    """
    final = [event for event in standing if event.status in _FINAL]
    candidates = final or standing
    timed = [each for each in candidates if correction.at is not None and each.at == correction.at]
    certain = timed or candidates
    return certain[0] if len(certain) == 1 else None
