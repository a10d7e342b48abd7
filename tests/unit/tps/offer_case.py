"""Sessions that are offered to a machine whose work items are a list, and claimed there."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path
from typing import Any, TypeVar

from pydicom.dataset import Dataset

from dicom.services import Actor, Ask, Verb, WorkItem, WorkItems
from dicom.ups.engine import Engine, opened
from dicom.ups.options import UpsOptions
from gateway import Coding, DeviceEvent, Kind, Source, content_digest
from gateway.room import ACTION_SYSTEM, OWNER, Permission
from tests.unit.tps.treatment_case import CHEN, NOW, Treatments, somebody, treatments
from tps_bridge.block import BlockKind
from tps_bridge.options import TpsOptions
from tps_bridge.session import Session
from tps_bridge.session.desk import SessionDesk
from tps_bridge.session.offer import Offers

S = TypeVar("S")
ENFORCED = TpsOptions.model_validate(
    {"machines": {"LINAC1": {"level": "enforced", "titles": ["L1"]}}}
)
_STATE = {"00741000": {"vr": "CS", "Value": ["SCHEDULED"]}}
_SECOND = somebody("lan", Permission.READ_PLANS, Permission.OVERRIDE_BLOCKS)


@dataclass
class Items:
    """What was made and withdrawn."""

    made: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    cancelled: list[str] = field(default_factory=list)

    async def create(self, content: Mapping[str, Any], *, keeper: str, uid: str = "") -> str:
        assert keeper
        self.made[uid] = content
        return uid

    async def cancel(self, uid: str, reason: str, *, keeper: str, **_how: bool) -> None:
        assert reason
        assert keeper
        self.cancelled.append(uid)


@dataclass
class Desk:
    """The keeper of the work items of an open room."""

    t: Treatments
    options: TpsOptions = ENFORCED
    items: Items | Engine = field(default_factory=Items)
    _told: count[int] = field(default_factory=count)

    def __post_init__(self) -> None:
        own = self.t.context.neighbours

        def neighbours(kind: type[S]) -> S:
            found: Any = self.items if kind is WorkItems else own(kind)
            return found  # type: ignore[no-any-return]

        context = replace(self.t.context, neighbours=neighbours)
        self.offers = Offers(context, self.t.book, own(SessionDesk), self.options)

    async def scheduled(self, uid: str, at: str, group: int = 1) -> Session:
        desk = self.t.context.neighbours(SessionDesk)
        return await desk.schedule(OWNER, uid, group, desk.moment(at))

    async def identified(self, uid: str) -> None:
        """The patient is in no register: two people say who it is."""
        shown = await self.t.shown(uid, BlockKind.IDENTITY)
        await self.t.desk.override(CHEN, uid, shown, "identified by two nurses")
        await self.t.desk.confirm(_SECOND, uid, (await self.t.book.notes(uid))[-1].seq)

    async def now(self, session: Session) -> Session:
        found = await self.t.book.session(session.id)
        assert found is not None
        return found

    async def claim(self, session: Session) -> str:
        """Why its machine doesn't get it; '' where it does."""
        item = WorkItem((await self.now(session)).item, _STATE, 1, NOW, keeper="tps")
        return await self.offers.may_change(Ask(Verb.CLAIM, item, Actor("L1"), {}))

    async def does(
        self, session: Session, verb: Verb, content: Mapping[str, Any] | None = None
    ) -> None:
        """The machine claims, sets, completes or cancels its work item."""
        uid, at = (await self.now(session)).item, self.t.clock.now()
        event = DeviceEvent(
            id=content_digest(b"ups", str(next(self._told)).encode()),
            site="site",
            source=Source("dicom", "dicom"),
            kind=Kind.ACTION,
            code=Coding(ACTION_SYSTEM, f"ups.{verb}"),
            value=None,
            unit="",
            received_at=at,
            observed_at=at,
            actor="ae:L1",
            payload={"uid": uid, "version": 1, "state": "", "content": dict(content or {})},
        )
        await self.t.ports.publish((event,))


class NoReports:
    """Nobody has subscribed to a work item."""

    async def tell(self, *_said: object, **_how: object) -> None:
        raise AssertionError

    def line_of(self, *_whose: object) -> None:
        return None


@asynccontextmanager
async def serving(
    path: Path, *several: Dataset, options: TpsOptions = ENFORCED
) -> AsyncIterator[tuple[Desk, Engine]]:
    """The node's own work items, whose keeper is the open room; plans of identified patients."""
    reporter: Any = NoReports()
    async with (
        treatments(path, options) as t,
        opened(t.context, UpsOptions(), reporter) as engine,
    ):
        t.rooms.append(engine)
        t.ports.fed.append(engine.items)
        await t.take(*several)
        desk = Desk(t, options, engine)
        for each in several:
            await desk.identified(str(each.SOPInstanceUID))
        yield desk, engine


@asynccontextmanager
async def offering(path: Path, made: Dataset, *given: Dataset) -> AsyncIterator[Desk]:
    """A plan, what was given of it, and its patient identified for the next fraction."""
    async with treatments(path, ENFORCED) as t:
        await t.take(made, *given)
        desk = Desk(t)
        await desk.identified(str(made.SOPInstanceUID))
        yield desk
