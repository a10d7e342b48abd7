"""The one state machine of a ticket. Pure: what was done in order gives where it stands."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

from gateway.model import Instant
from queue_display.terms import STATE_WORDS, VERB_WORDS, State, Verb, Words, words
from queue_display.ticket import Act, Ticket

NEEDS_REASON = frozenset({Verb.HOLD, Verb.TRANSFER, Verb.MOVE, Verb.MARK})
"""Steps that a person explains; one that names the event which caused it is explained by that."""

FROM: Mapping[Verb, frozenset[State]] = {
    Verb.CHECK_IN: frozenset({State.BOOKED, State.NO_SHOW}),
    Verb.READY: frozenset({State.CHECKED_IN}),
    Verb.CALL: frozenset({State.WAITING}),
    Verb.RECALL: frozenset({State.CALLED}),
    Verb.ENTER: frozenset({State.CALLED}),
    Verb.START: frozenset({State.CALLED, State.IN_ROOM}),
    Verb.FINISH: frozenset({State.IN_ROOM, State.IN_TREATMENT}),
    Verb.SKIP: frozenset({State.CALLED}),
    Verb.HOLD: frozenset({State.CHECKED_IN, State.WAITING, State.CALLED, State.IN_ROOM}),
    Verb.RETURN: frozenset({State.HELD, State.SKIPPED, State.CALLED, State.IN_ROOM}),
    Verb.TRANSFER: frozenset(
        {State.CHECKED_IN, State.WAITING, State.CALLED, State.HELD, State.SKIPPED}
    ),
    Verb.NO_SHOW: frozenset(
        {State.BOOKED, State.CHECKED_IN, State.WAITING, State.CALLED, State.HELD, State.SKIPPED}
    ),
    Verb.MOVE: frozenset({State.WAITING}),
    Verb.MARK: frozenset(State) - {State.DONE, State.NO_SHOW},
}
"""In which states each step is possible; UNDO where there is a step to take back."""

RENEWABLE = frozenset(
    {State.BOOKED, State.CHECKED_IN, State.WAITING, State.HELD, State.SKIPPED, State.NO_SHOW}
)
"""In which a ticket may be checked in anew, since its appointment was changed."""


class Illegal(ValueError):  # noqa: N818 - a step that is none; `text` is in every language
    """A step that can't be taken; the ticket stays as it is."""

    def __init__(self, text: Words) -> None:
        super().__init__(text["en"])
        self.text = text


def step(ticket: Ticket, act: Act) -> Ticket:
    """The ticket after an act; Illegal if it can't be."""
    if act.verb is Verb.UNDO:
        return _undone(ticket, act)
    if ticket.state not in FROM[act.verb]:
        raise Illegal(_not_from(ticket, act.verb))
    if act.verb in NEEDS_REASON and not act.why and not act.cause:
        raise Illegal(words("请写明原因。", "Say why: this step needs a reason."))
    after = _EFFECTS[act.verb](ticket, act)
    since = ticket.since if after.state is ticket.state else act.at
    left = ticket.left
    if ticket.state.is_inside and not after.state.is_inside:
        left = {**left, ticket.queue: act.at}
    return replace(after, since=since, left=left, last=act, before=replace(ticket, before=None))


def renewed(ticket: Ticket, opened: Ticket, act: Act) -> Ticket:
    """The ticket checked in anew as its appointment opens one now; Illegal once it is called.

    It keeps its calls and its place among the stops of the day, and its number unless it is
    another patient's now. What it was before is what undo restores.
    """
    if ticket.state not in RENEWABLE:
        raise Illegal(_not_from(ticket, act.verb))
    own = ticket.patient == opened.patient
    fresh = replace(
        opened,
        id=ticket.id,
        state=State.BOOKED,
        label=ticket.label if own else "",
        number=ticket.number if own else 0,
        after=ticket.after,
        ready=ticket.ready,
        calls=ticket.calls,
        event=ticket.event,
        left=ticket.left if own else {},
    )
    return replace(step(fresh, act), before=replace(ticket, before=None))


def beamed(ticket: Ticket, at: Instant) -> Ticket:
    """The ticket once its beam is on. It is no step: nobody took it, and undo takes back others."""
    return ticket if ticket.beam is not None else replace(ticket, beam=at)


def possible(ticket: Ticket) -> frozenset[Verb]:
    """Which steps the ticket's state allows."""
    found = {verb for verb, states in FROM.items() if ticket.state in states}
    return frozenset(found | ({Verb.UNDO} if ticket.before else set()))


def replayed(ticket: Ticket, acts: Iterable[Act]) -> Ticket:
    """The ticket after acts, of which those that were refused change nothing."""
    for act in acts:
        try:
            ticket = step(ticket, act)
        except Illegal:
            continue
    return ticket


def freed(ticket: Ticket, act: Act) -> Ticket:
    """A later stop after `act` ended the one before it: it waits, or will when it is checked in."""
    if ticket.state is State.CHECKED_IN:
        return step(ticket, replace(act, verb=Verb.READY, why=""))
    return replace(ticket, ready=True)


def tied(ticket: Ticket, act: Act) -> Ticket:
    """A later stop after the end of the one before it was taken back; Illegal if it has begun."""
    if ticket.last is not None and ticket.last.verb is Verb.READY:
        return step(ticket, act)
    if ticket.state is State.BOOKED:
        return replace(ticket, ready=False)
    raise Illegal(
        words(
            f"{ticket.label}的后一项已经开始，不能撤销。",
            f"The next stop, {ticket.label}, has moved on: this can't be taken back.",
        )
    )


def _undone(ticket: Ticket, act: Act) -> Ticket:
    """As before the last step; a call that was heard stays counted, so the next is another."""
    if ticket.before is None:
        raise Illegal(words("没有可撤销的步骤。", "There is no step to take back."))
    return replace(
        ticket.before,
        calls=ticket.calls,
        label=ticket.before.label or ticket.label,
        number=ticket.before.number or ticket.number,
        last=act,
        before=None,
    )


def _not_from(ticket: Ticket, verb: Verb) -> Words:
    state, done = STATE_WORDS[ticket.state], VERB_WORDS[verb]
    label = ticket.label or words("该患者", "This patient")
    zh = label if isinstance(label, str) else label["zh-CN"]
    en = label if isinstance(label, str) else label["en"]
    return words(
        f"{zh}{state['zh-CN']}，不能{done['zh-CN']}。",
        f"{en} is {state['en']} and can't be {done['en']}.",
    )


def _waits(ticket: Ticket) -> State:
    return State.CHECKED_IN if ticket.after and not ticket.ready else State.WAITING


def _check_in(ticket: Ticket, act: Act) -> Ticket:
    return replace(ticket, state=_waits(ticket), checked_in=act.at, proxy=act.proxy)


def _ready(ticket: Ticket, _: Act) -> Ticket:
    return replace(ticket, state=State.WAITING, ready=True)


def _called(ticket: Ticket, act: Act) -> Ticket:
    told = ticket.told if ticket.calls else act.told
    calls = ticket.calls + 1
    return replace(ticket, state=State.CALLED, called=act.at, calls=calls, told=told, place=None)


def _started(ticket: Ticket, act: Act) -> Ticket:
    return replace(ticket, state=State.IN_TREATMENT, started=act.at, beam=None)


def _returned(ticket: Ticket, act: Act) -> Ticket:
    return replace(ticket, state=_waits(ticket), place=act.place)


def _transferred(ticket: Ticket, act: Act) -> Ticket:
    if not act.to or act.to == ticket.queue:
        raise Illegal(words("请选择另一个队列。", "Choose another queue."))
    state = State.WAITING if ticket.state is State.CALLED else ticket.state
    home = ticket.home or ticket.queue
    home = "" if home == act.to else home
    return replace(ticket, queue=act.to, home=home, state=state, place=None)


def _moved(ticket: Ticket, act: Act) -> Ticket:
    if act.place is None:
        raise Illegal(words("请选择新的位置。", "Choose a place."))
    return replace(ticket, place=act.place)


def _marked(ticket: Ticket, act: Act) -> Ticket:
    return replace(ticket, marks=act.marks, priority=act.priority)


def _to(state: State) -> Callable[[Ticket, Act], Ticket]:
    return lambda ticket, _: replace(ticket, state=state)


_EFFECTS: Mapping[Verb, Callable[[Ticket, Act], Ticket]] = {
    Verb.CHECK_IN: _check_in,
    Verb.READY: _ready,
    Verb.CALL: _called,
    Verb.RECALL: _called,
    Verb.ENTER: _to(State.IN_ROOM),
    Verb.START: _started,
    Verb.FINISH: _to(State.DONE),
    Verb.SKIP: _to(State.SKIPPED),
    Verb.HOLD: _to(State.HELD),
    Verb.RETURN: _returned,
    Verb.TRANSFER: _transferred,
    Verb.NO_SHOW: _to(State.NO_SHOW),
    Verb.MOVE: _moved,
    Verb.MARK: _marked,
}
