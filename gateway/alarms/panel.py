"""What pages, API and command line ask of the alarms, and what people do through them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from gateway.alarms.alarm import Alarm, Happened
from gateway.alarms.definition import LINK, Definition
from gateway.alarms.desk import AlarmDesk, Wanted
from gateway.alarms.detector import Detector
from gateway.alarms.fact import definition_facts
from gateway.alarms.machine import NEEDS_ACKNOWLEDGEMENT, Refusal, State, Step
from gateway.alarms.tables import Counts, counted
from gateway.model import Instant, Micros
from gateway.room import InSight, Outcome, Permission, Principal, RoomContext

_SECOND = 1_000_000
_MOST_PAGES = 40
"""Pages of the history that are read for one that is shown."""

PERMISSION: Mapping[Step, Permission] = {
    Step.ACKNOWLEDGE: Permission.ACKNOWLEDGE_ALARMS,
    Step.RESET: Permission.ACKNOWLEDGE_ALARMS,
    Step.SHELVE: Permission.SHELVE_ALARMS,
    Step.UNSHELVE: Permission.SHELVE_ALARMS,
    Step.REMOVE: Permission.SHELVE_ALARMS,
    Step.RETURN: Permission.SHELVE_ALARMS,
}
"""What people can do to an alarm, and who may."""


@dataclass(frozen=True, slots=True)
class AlarmPanel:
    """The service of the room. Every method may raise StoreError."""

    context: RoomContext
    desk: AlarmDesk
    detector: Detector
    longest: Micros

    async def listed(self, who: Principal) -> list[Alarm]:
        """Every alarm that is not normal: who wants a person first, then by priority and age."""
        sees = self._sight(who)
        alarms = [self._known(each) for each in await self.desk.standing() if sees(each.id)]
        return sorted(alarms, key=_urgency)

    async def one(self, who: Principal, id_: str) -> Alarm | None:
        """An alarm of this site, or one that something happened to; None if there is no such."""
        if not self._sight(who)(id_):
            return None
        alarm = await self.desk.alarm(id_)
        if alarm is not None:
            return self._known(alarm)
        definition = self.detector.definitions.get(id_)
        if definition is None:
            return None
        facts, now = definition_facts(definition), self.context.clock.now()
        return Alarm(id_, definition.device, State(), now, now, 0, 0, 0, None, facts, {}, "")

    async def counts(self, who: Principal) -> Counts:
        """How many there are of each standing."""
        if not who.departments:
            return await self.desk.counts()
        return counted(await self.listed(who))

    async def history(
        self, who: Principal, alarm: str = "", *, before: int = 0, limit: int = 100
    ) -> Sequence[Happened]:
        """What happened, newest first; fewer where much lies between that is not seen."""
        sees = self._sight(who)
        found: list[Happened] = []
        for _ in range(_MOST_PAGES):
            page = await self.desk.history(alarm, before=before, limit=limit)
            found += [each for each in page if sees(each.alarm)]
            if len(found) >= limit or len(page) < limit:
                break
            before = page[-1].seq
        return found[:limit]

    def defined(self, who: Principal) -> Sequence[Definition]:
        """Every alarm of the site as configured now."""
        sees = self._sight(who)
        return [each for each in self.detector.definitions.values() if sees(each.id)]

    def _sight(self, who: Principal) -> Callable[[str], bool]:
        """Whether somebody sees an alarm: the device that has it, or the whole of its link."""
        in_sight = InSight.of(who, self.context.links())

        def sees(id_: str) -> bool:
            device, _, rest = id_.partition("/")
            return in_sight.link(rest) if device == LINK else in_sight.device(device)

        return sees

    def definition(self, id_: str) -> Definition | None:
        return self.detector.definitions.get(id_)

    async def act(self, who: Principal, alarm: Alarm, wanted: Wanted) -> Alarm | Refusal:
        """Do what a person wants, and audit it; a Refusal says why it was not done."""
        refusal = self._too_long(wanted)
        outcome: Alarm | Refusal = refusal or await self.desk.act(
            self.context.ports, who, alarm.id, wanted, alarm.facts
        )
        refused = isinstance(outcome, Refusal)
        await self.context.audit.record(
            f"alarms.{wanted.step}",
            who,
            outcome=Outcome.REFUSED if refused else Outcome.SUCCESS,
            objects={"alarm": alarm.id},
            detail=outcome.reason if isinstance(outcome, Refusal) else wanted.reason,
        )
        return outcome

    def _too_long(self, wanted: Wanted) -> Refusal | None:
        if wanted.until is None:
            return Refusal("say until when") if wanted.step is Step.SHELVE else None
        now = self.context.clock.now()
        if wanted.until <= now:
            return Refusal("its end lies in the past")
        if wanted.until > now + self.longest:
            return Refusal("no alarm is shelved for so long here")
        return None

    def until(self, seconds: float) -> Instant:
        """The moment so many seconds from now."""
        return Instant(self.context.clock.now() + round(seconds * _SECOND))

    def _known(self, alarm: Alarm) -> Alarm:
        """An alarm that was only ever suppressed or shelved has its facts from its definition."""
        definition = self.detector.definitions.get(alarm.id)
        if alarm.facts or definition is None:
            return alarm
        return replace(alarm, facts=definition_facts(definition), device=definition.device)


def _urgency(alarm: Alarm) -> tuple[bool, bool, int, int]:
    wanted = alarm.standing in NEEDS_ACKNOWLEDGEMENT
    return not wanted, alarm.state.hidden, -alarm.priority.rank, -alarm.since
