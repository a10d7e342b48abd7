"""The waiting time told to patients against what it became, on simulated days.

Learnt on 20 days of five machines with 40 patients each, judged on 20 others, with machines that
tell when the beam comes on and with such that don't, and on 20 whose durations have another shape
and are longer: once as learnt before, once learning each night from the day, as the gateway does.
Whoever waits is asked for each time somebody checks in or ends, and judged where the call came
within the hour. The peer is the rolling average of the last ten, counted forward along the same
queue; both see tickets alone, as the room keeps them.
"""

from __future__ import annotations

import heapq
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from statistics import fmean

from bench.case import Case, Options
from gateway.model import Instant
from queue_display.estimate import past_of
from queue_display.forecast import Forecast, Forecaster, Past
from queue_display.machine import beamed, step
from queue_display.options import PolicyOptions, PriorityOptions, QueueOptions
from queue_display.rank import Ranking
from queue_display.scene import Entry, Lane
from queue_display.tables import Stand
from queue_display.terms import State, Verb
from queue_display.ticket import Act, Ticket
from simulators.clinic import Shape, Visit, day, gamma

_MINUTE = 60_000_000
_DAY = 24 * 60 * _MINUTE
_OPENS = 1_795_737_600_000_000
_LEARNT, _JUDGED = 20, 20
_LEARNT_SEEDS = 1000
_HOUR = 60.0
_ROLLING = 10
_POLICY = PolicyOptions(
    priorities={"emergency": PriorityOptions(name="Emergency", first=True)}, infection_last=False
)
_RANKING = Ranking(_POLICY, str)


@dataclass(frozen=True, slots=True)
class _Told:
    ticket: str
    at: float
    ours: Forecast
    rolling: float


@dataclass(slots=True)
class _Machine:
    """One queue on one day, run by itself: who is called as soon as one of two places is free."""

    number: int
    opens: int
    day: str
    past: Past | None
    tickets: dict[str, Ticket] = field(default_factory=dict)
    told: list[_Told] = field(default_factory=list)
    called: dict[str, float] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return f"linac-{self.number}"

    def run(self, visits: Sequence[Visit]) -> None:
        """The whole day; what happens is a step of a ticket, at its minute."""
        by_id = {f"{each.patient}-{self.day}": each for each in visits}
        self.tickets = {id_: self._booked(id_, each) for id_, each in by_id.items()}
        todo = [(v.comes, 0, id_) for id_, v in by_id.items() if v.comes is not None]
        todo += [(v.booked + 90, 3, id_) for id_, v in by_id.items() if v.comes is None]
        heapq.heapify(todo)
        free_from = 0.0
        while todo:
            now, kind, id_ = heapq.heappop(todo)
            if kind == 0:
                self._step(id_, Verb.CHECK_IN, now, number=len(self.called) + 1)
            elif kind == 1:
                self._step(id_, Verb.START, now)
            elif kind == 2:
                self._step(id_, Verb.FINISH, now)
            elif kind == 3:
                self._step(id_, Verb.NO_SHOW, now)
                continue
            else:
                self.tickets[id_] = beamed(self.tickets[id_], self._instant(now))
                continue
            while now >= -30 and (next_ := self._next()) is not None:
                visit = by_id[next_]
                self._step(next_, Verb.CALL, now)
                self.called[next_] = now
                start = max(now + visit.setup, free_from)
                free_from = start + visit.treats
                heapq.heappush(todo, (start, 1, next_))
                heapq.heappush(todo, (free_from - visit.beam, 4, next_))
                heapq.heappush(todo, (free_from, 2, next_))
            if self.past is not None and kind != 1:
                self._ask(now)

    def _booked(self, id_: str, visit: Visit) -> Ticket:
        return Ticket(
            id=id_,
            queue=self.name,
            day=self.day,
            appointment=id_,
            patient=(visit.patient, "clinic"),
            start=self._instant(visit.booked),
            minutes=Shape().slot,
            kind=visit.technique,
            priority="emergency" if visit.urgent else "",
        )

    def _step(self, id_: str, verb: Verb, now: float, number: int = 0) -> None:
        ticket = step(self.tickets[id_], Act(verb, self._instant(now), "bench"))
        self.tickets[id_] = replace(ticket, number=number) if number else ticket

    def _next(self) -> str | None:
        running = sum(each.state.takes_room for each in self.tickets.values())
        waits = [each for each in self.tickets.values() if each.state is State.WAITING]
        if running >= self._options.at_once or not waits:
            return None
        return min(waits, key=_RANKING.key).id

    def _ask(self, now: float) -> None:
        assert self.past is not None
        lane, instant = self._lane(), self._instant(now)
        forecasts = Forecaster(lane, instant, self.past, _POLICY, _RANKING.key).all()
        rolling = ahead(lane, instant)
        for id_, forecast in forecasts.items():
            self.told.append(_Told(id_, now, forecast, rolling[id_]))

    @property
    def _options(self) -> QueueOptions:
        return QueueOptions(name=self.name, resource=self.name, at_once=2)

    def _lane(self) -> Lane:
        by_state: dict[State, list[Entry]] = {state: [] for state in State}
        for ticket in self.tickets.values():
            by_state[ticket.state].append(Entry(ticket))
        running = [each for state in State if state.takes_room for each in by_state[state]]
        running.sort(key=lambda each: each.ticket.called or 0)
        waits = [each.ticket for each in by_state[State.WAITING]]
        return Lane(
            self.name,
            self._options,
            Stand(),
            running=tuple(running),
            waiting=tuple(Entry(each.ticket, ranked=each) for each in _RANKING.ranked(waits)),
            ended=tuple(sorted(by_state[State.DONE], key=lambda each: -each.ticket.since)),
            booked=tuple(by_state[State.BOOKED]),
        )

    def _instant(self, minutes: float) -> Instant:
        return Instant(self.opens + round(minutes * _MINUTE))


def ahead(lane: Lane, now: Instant) -> Mapping[str, float]:
    """The peer: minutes until each is called, by the average of the last ten treatments."""
    took = [
        (each.ticket.since - each.ticket.started) / _MINUTE
        for each in lane.ended[:_ROLLING]
        if each.ticket.started is not None
    ]
    takes = fmean(took) if took else Shape().slot
    inside = _left(lane.running[0].ticket, takes, now) if lane.running else 0.0
    found = {}
    for place, entry in enumerate(lane.waiting):
        ends = len(lane.running) + place + 1 - lane.options.at_once
        found[entry.ticket.id] = inside + (ends - 1) * takes if ends > 0 else 0.0
    return found


def _left(ticket: Ticket, takes: float, now: Instant) -> float:
    if ticket.started is None:
        return takes
    return max(1.0, takes - (now - ticket.started) / _MINUTE)


def _ran(place: int, seed: int, shape: Shape, past: Past | None) -> list[_Machine]:
    """A day of all machines, the `place`-th since the first."""
    visits = day(seed, shape).visits
    machines = []
    for number in range(1, shape.machines + 1):
        machine = _Machine(number, _OPENS + place * _DAY, f"day-{place:03}", past)
        machine.run([each for each in visits if each.machine == number])
        machines.append(machine)
    return machines


def _tickets(machines: Sequence[_Machine]) -> dict[str, list[Ticket]]:
    return {machines[0].day: [ticket for each in machines for ticket in each.tickets.values()]}


def _without_beams(days: Mapping[str, list[Ticket]]) -> dict[str, list[Ticket]]:
    """As of machines that say nothing of doors and beams: what is told of later is not heeded."""
    return {day: [replace(each, beam=None) for each in tickets] for day, tickets in days.items()}


@dataclass(frozen=True, slots=True)
class _Judged:
    """Errors in minutes, and what share of waits `low` to `high` held, or `high` was not below."""

    ours: Sequence[float]
    rolling: Sequence[float]
    inside: float
    below: float


def _square(errors: Sequence[float]) -> float:
    return fmean(each * each for each in errors)


def _judge(machines: Sequence[_Machine]) -> _Judged:
    told = [
        (each, machine.called[each.ticket] - each.at)
        for machine in machines
        for each in machine.told
    ]
    within = [(each, real) for each, real in told if real <= _HOUR]
    return _Judged(
        [each.ours.middle - real for each, real in within],
        [each.rolling - real for each, real in within],
        fmean(each.ours.low <= real <= each.ours.high for each, real in within),
        fmean(real <= each.ours.high for each, real in within),
    )


async def run(options: Options) -> Sequence[Case]:
    learnt, judged = (2, 1) if options.smoke else (_LEARNT, _JUDGED)
    shape = Shape(machines=1, patients=20) if options.smoke else Shape()
    other = replace(shape, duration=gamma())
    days: dict[str, list[Ticket]] = {}
    for place in range(learnt):
        days |= _tickets(_ran(place, _LEARNT_SEEDS + place, shape, None))
    cases: list[Case] = []
    for name, real, learns, taught in (
        ("unseen days", shape, False, days),
        ("unseen days, no beam told of", shape, False, _without_beams(days)),
        ("another distribution, longer", other, False, days),
        ("the same, learning each night", other, True, days),
    ):
        known, found = dict(taught), list[_Machine]()
        for seed in range(judged):
            past = past_of(known)
            machines = _ran(learnt + seed, seed, real, past)
            found += machines
            if learns:
                known |= _tickets(machines)
        size = f"{judged} days x {shape.machines} machines x {shape.patients} patients"
        cases += _cases(name, _judge(found), size)
    return cases


def _cases(name: str, found: _Judged, size: str) -> Sequence[Case]:
    error = fmean(map(abs, found.ours))
    plain = Case("wait_estimate", name, error, "min", "lower", size=size, durable=False)
    return [
        replace(plain, case=f"{name}: mean absolute error", goal=5.0),
        replace(
            plain,
            case=f"{name}: mean squared error",
            ours=_square(found.ours),
            unit="min²",
            peer=_square(found.rolling),
            peer_name="rolling average of ten",
            goal=0.7,
        ),
        replace(
            plain,
            case=f"{name}: from 10 to 90 % holds",
            ours=found.inside * 100,
            unit="%",
            better="higher",
            goal=75.0,
        ),
        replace(plain, case=f"{name}: not above 90 %", ours=found.below * 100, unit="%"),
    ]
