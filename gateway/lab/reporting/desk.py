"""Critical values as they stand, and the word that somebody was told."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

from gateway.lab.desk import LabDesk
from gateway.lab.paper import names_of
from gateway.lab.reporting.options import CriticalValues
from gateway.lab.reporting.state import CriticalValue, State, Way
from gateway.lab.reporting.tables import REPORT, Tables
from gateway.lab.result import Result
from gateway.model import DeviceEvent, Kind, Localized, localize
from gateway.projection import Projection
from gateway.room import Emit, InSight, Notice, Principal, RoomContext
from gateway.web import Refusal

_SECOND = 1_000_000
_MOST = 500
_TITLES: Mapping[State, tuple[str, str]] = {
    State.TO_RETRACT: ("Critical value withdrawn", "危急值已撤回"),
}
_TITLE = ("Critical value", "危急值")
_ADVICE: Mapping[State, Localized] = {
    State.WAITING: {
        "en": "Tell whoever treats the patient, let them repeat it, and note whom you told.",
        "zh-CN": "请立即通知临床，要求对方复述，并登记接收人。",
    },
    State.TO_RETRACT: {
        "en": "They were told of it: tell them that it is withdrawn.",
        "zh-CN": "此前已通知临床：请告知该结果已撤回。",
    },
}


@dataclass(frozen=True, slots=True)
class Said:
    """That somebody was told; `answers` is the state of the value that they were told of."""

    answers: State
    told: str
    way: Way
    note: str = ""


@dataclass(frozen=True, slots=True)
class Shown:
    """A value with the result that it is about; None where the laboratory's tables lag behind."""

    value: CriticalValue
    result: Result | None
    overdue: bool


class ReportDesk(Projection[Tables]):
    """A moment behind the event store. Every method may raise StoreError."""

    context: RoomContext
    section: CriticalValues

    @classmethod
    @asynccontextmanager
    async def open_in(cls, context: RoomContext) -> AsyncIterator[ReportDesk]:
        """Open or create the tables; leaving waits for what is being written."""
        path = context.data / "store" / "critical.sqlite"
        async with cls.opened(path, context.ring, Tables, {Kind.ALARM, Kind.ACTION}) as desk:
            desk.context, desk.section = context, context.section
            yield desk

    async def apply(self, events: Sequence[DeviceEvent], emit: Emit) -> None:
        """Fold; each change of a state goes out with the notice that people are told of it."""

        async def with_notices(following: Sequence[DeviceEvent]) -> None:
            names = names_of(self.context)
            await emit([self._noticed(each, names) for each in following])

        await super().apply(events, with_notices)

    async def waiting(self, who: Principal) -> tuple[list[Shown], int]:
        """The oldest that `who` sees and somebody has to be told of, and how many there are."""
        devices = self._devices(who)
        found = await self.ask(lambda tables: tables.open(_MOST, devices))
        return await self._shown(found), await self.ask(lambda tables: tables.count(devices))

    async def done(self, who: Principal, limit: int) -> list[Shown]:
        """The last ones that are done with, the newest first."""
        devices = self._devices(who)
        return await self._shown(await self.ask(lambda tables: tables.done(limit, devices)))

    async def report(self, who: Principal, seq: int, said: Said) -> CriticalValue:
        """Note who was told of the result of an event and repeated it; the value as it then stands.

        Refusal 404 where it is no critical value, 409 where nobody has to be told of it, or of
        something else than what they were told.
        """
        value = await self._known(who, seq)
        if not value.state.is_open or value.state is not said.answers:
            raise _settled()
        payload = {
            "result": value.result.hex(),
            "seq": seq,
            "answers": said.answers.value,
            "told": said.told,
            "way": said.way.value,
        }
        act = await self.context.ports.act(who, REPORT, text=said.note, payload=payload)
        await self.reached(act)
        value = await self._known(who, seq)
        if act not in {each.seq for each in value.reports}:
            raise _settled()
        return value

    async def _known(self, who: Principal, seq: int) -> CriticalValue:
        value = await self.ask(lambda tables: tables.value(seq))
        devices = self._devices(who)
        if value is None or (devices is not None and value.device not in devices):
            raise Refusal(
                404,
                "Unknown critical value",
                "No result of this number stands in the list.",
                "Look it up in the list of critical values.",
            )
        return value

    def _devices(self, who: Principal) -> frozenset[str] | None:
        """Those that somebody sees; None for all."""
        sight = InSight.of(who, self.context.links())
        return None if sight.everything else sight.devices

    async def _shown(self, values: Sequence[CriticalValue]) -> list[Shown]:
        laboratory = self.context.neighbours(LabDesk)
        latest = self.context.clock.now() - round(self.section.within * _SECOND)
        return [
            Shown(
                each,
                await laboratory.result(each.seq),
                each.state.is_open and each.since < latest,
            )
            for each in values
        ]

    def _noticed(
        self, event: DeviceEvent, names: Mapping[tuple[str, str], Localized]
    ) -> DeviceEvent:
        """The event with its notice; a value's number and its patient are for the page alone."""
        state, payload = State(event.code.code), event.payload or {}
        test = event.value.text if event.value else ""
        name = names.get((event.source.device, test), test)
        english, chinese = _TITLES.get(state, _TITLE)
        notice = Notice(
            key=f"critical-value:{payload['matter']}",
            open=state.is_open,
            priority=self.section.priority,
            title={
                "en": f"{english}: {localize(name, 'en')}",
                "zh-CN": f"{chinese}：{localize(name, 'zh-CN')}",
            },
            advice=_ADVICE.get(state, ""),
            path="/critical-values",
            source="critical_values",
            device=event.source.device,
        )
        return replace(event, payload={**payload, **notice.as_payload()})


def _settled() -> Refusal:
    return Refusal(
        409,
        "Nobody has to be told",
        "Somebody was told of it already, or it stands in the list no more.",
        "Open the list again.",
    )
