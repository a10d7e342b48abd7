"""What can be asked of performed procedure steps."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import orjson

from dicom.mpps.events import read_links
from dicom.mpps.link import Link
from dicom.mpps.said import State, Tree
from dicom.mpps.tables import Tables
from dicom.worklist.step import COMPLETED, STARTED
from gateway import Instant, Kind
from gateway.projection import Projection
from gateway.room import Keyring

_STEP = "SELECT uid, state, device, began, changed, changes, flagged, body FROM step"
_STANDING = """
SELECT appointment, state FROM linked JOIN step ON step.uid = linked.step
WHERE appointment IN ({marks})
"""
_AT_ONCE = 500
_SHOWN = {State.IN_PROGRESS: STARTED, State.COMPLETED: COMPLETED}


@dataclass(frozen=True, slots=True)
class PerformedStep:
    """A step as it stands. `flagged`: it is not, or not surely, one that the schedule has."""

    uid: str
    state: State
    device: str
    began: Instant
    changed: Instant
    changes: int
    flagged: bool
    attributes: Tree
    links: tuple[Link, ...]
    problems: tuple[str, ...]
    calling: str
    address: str


class PerformedSteps(Projection[Tables]):
    """Every method may raise StoreError."""

    @classmethod
    @asynccontextmanager
    async def open(cls, path: Path, ring: Keyring) -> AsyncIterator[PerformedSteps]:
        """Open or create the tables; leaving waits for what is being written."""
        async with cls.opened(path, ring, Tables, {Kind.SESSION}) as steps:
            yield steps

    async def step(self, uid: str) -> PerformedStep | None:
        """By its SOP Instance UID."""
        found = await self._of("WHERE uid = ?", uid)
        return found[0] if found else None

    async def recent(self, limit: int = 100, *, flagged: bool = False) -> Sequence[PerformedStep]:
        """Those that changed last first; only what is flagged, if so."""
        where = "WHERE flagged" if flagged else ""
        return await self._of(f"{where} ORDER BY changed DESC, uid LIMIT ?", limit)

    async def standing(self, appointments: Collection[str]) -> Mapping[str, str]:
        """STARTED while a step of an appointment is in progress, COMPLETED when one is done."""
        found: dict[str, str] = {}
        ids = list(appointments)
        for start in range(0, len(ids), _AT_ONCE):
            for appointment, state in await self._standing(ids[start : start + _AT_ONCE]):
                shown = _SHOWN.get(State(state))
                if shown and found.get(appointment) != STARTED:
                    found[appointment] = shown
        return found

    async def _standing(self, ids: Sequence[str]) -> Sequence[tuple[str, str]]:
        sql = _STANDING.format(marks=",".join("?" * len(ids)))
        return await self.ask(lambda tables: [(row[0], row[1]) for row in tables.rows(sql, ids)])

    async def _of(self, where: str, bind: str | int) -> Sequence[PerformedStep]:
        rows = await self.ask(lambda tables: list(tables.rows(f"{_STEP} {where}", (bind,))))
        return [_step(*row) for row in rows]


def _step(  # noqa: PLR0917 - the columns of a row
    uid: str,
    state: str,
    device: str,
    began: int,
    changed: int,
    changes: int,
    flagged: int,
    body: bytes,
) -> PerformedStep:
    attributes, links, problems, calling, address = orjson.loads(body)
    return PerformedStep(
        uid,
        State(state),
        device,
        Instant(began),
        Instant(changed),
        changes,
        bool(flagged),
        attributes,
        read_links({"links": links}),
        tuple(problems),
        calling,
        address,
    )
