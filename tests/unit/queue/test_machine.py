"""The state machine against a model of its own making; replay; refusals; calls."""

from __future__ import annotations

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from queue_display.machine import Illegal, possible, replayed, step
from queue_display.terms import LANGUAGES, Mark, State, Verb
from queue_display.ticket import Act, Ticket, act_payload, read_act, read_ticket
from tests.unit.queue.queue_case import RANKING, act, waiting

BOOKED = Ticket(id="t1", queue="linac-1", day="2026-11-27", label="A001", number=1)
EDGES = """
booked check-in waiting; no-show check-in waiting; waiting call called; called recall called
called enter in-room; called start in-treatment; in-room start in-treatment
in-room finish done; in-treatment finish done; called skip skipped
waiting hold held; called hold held; in-room hold held
held return waiting; skipped return waiting; called return waiting; in-room return waiting
waiting transfer waiting; called transfer waiting; held transfer held; skipped transfer skipped
booked no-show no-show; waiting no-show no-show; called no-show no-show
held no-show no-show; skipped no-show no-show; waiting move waiting
"""
"""Every edge of a ticket without an earlier stop, written down apart from the code."""

MODEL = {
    (source, verb): target
    for source, verb, target in (
        edge.split() for edge in EDGES.replace("\n", ";").split(";") if edge.strip()
    )
} | {
    (state.value, "mark"): state.value
    for state in State
    if state not in {State.DONE, State.NO_SHOW}
}
PLACE = RANKING.before([waiting(2)], waiting(1), "t2")


def _act(verb: Verb, minutes: float) -> Act:
    return act(
        verb, minutes, why="asked to", to="linac-2" if minutes % 2 else "linac-1", place=PLACE
    )


class Life(RuleBasedStateMachine):
    """One ticket, any steps: the model says which are taken and where they lead."""

    def __init__(self) -> None:
        super().__init__()
        self.ticket, self.state, self.previous = BOOKED, "booked", ""
        self.acts: list[Act] = []
        self.calls = 0
        self.open_call = False

    @rule(verb=st.sampled_from([each for each in Verb if each is not Verb.UNDO]))
    def take(self, verb: Verb) -> None:
        made = _act(verb, len(self.acts))
        self.acts.append(made)
        target = MODEL.get((self.state, verb.value))
        if verb is Verb.TRANSFER and made.to == self.ticket.queue:
            target = None
        if target is None:
            with pytest.raises(Illegal) as refused:
                step(self.ticket, made)
            assert set(refused.value.text) == set(LANGUAGES)
            assert (verb in possible(self.ticket)) == (
                verb is Verb.TRANSFER and (self.state, "transfer") in MODEL
            )
            return
        assert verb in possible(self.ticket)
        if verb is Verb.CALL:
            assert not self.open_call
        self.open_call = target == "called"
        self.calls += verb in {Verb.CALL, Verb.RECALL}
        self.previous, self.state = self.state, target
        self.ticket = step(self.ticket, made)

    @precondition(lambda self: self.previous)
    @rule()
    def undo(self) -> None:
        made = _act(Verb.UNDO, len(self.acts))
        self.acts.append(made)
        self.ticket = step(self.ticket, made)
        self.state, self.previous = self.previous, ""
        self.open_call = self.state == "called"

    @precondition(lambda self: not self.previous)
    @rule()
    def undo_nothing(self) -> None:
        with pytest.raises(Illegal, match="no step to take back"):
            step(self.ticket, _act(Verb.UNDO, len(self.acts)))

    @invariant()
    def agrees(self) -> None:
        assert self.ticket.state.value == self.state
        assert self.ticket.calls == self.calls

    @invariant()
    def replay_gives_the_same(self) -> None:
        assert replayed(BOOKED, self.acts) == self.ticket

    @invariant()
    def survives_the_disk(self) -> None:
        read = read_ticket(orjson.loads(orjson.dumps(self.ticket.payload())))
        assert (read, read.before) == (self.ticket, self.ticket.before)


TestLife = Life.TestCase


@given(st.lists(st.sampled_from(Verb), max_size=25))
def test_nothing_is_called_twice_without_a_recall_or_a_step_back(verbs: list[Verb]) -> None:
    """Between two calls lies a step that made the patient wait again, or they are one recalled."""
    ticket = BOOKED
    since: list[Verb] = []
    for minutes, verb in enumerate(verbs):
        try:
            ticket = step(ticket, _act(verb, minutes))
        except Illegal:
            continue
        if verb is Verb.CALL:
            back = {Verb.RETURN, Verb.UNDO, Verb.CHECK_IN, Verb.TRANSFER}
            assert Verb.CALL not in since or back & set(since)
            since = []
        since.append(verb)


def test_a_step_that_needs_a_reason_is_refused_without_one_unless_an_event_caused_it() -> None:
    with pytest.raises(Illegal, match="Say why"):
        step(waiting(1), act(Verb.HOLD))
    held = step(waiting(1), act(Verb.HOLD, cause="00ff"))
    assert held.state is State.HELD


def test_a_refusal_names_the_ticket_its_state_and_the_step_in_both_languages() -> None:
    done = step(step(step(waiting(7), act(Verb.CALL)), act(Verb.START)), act(Verb.FINISH))
    with pytest.raises(Illegal) as refused:
        step(done, act(Verb.CALL))
    assert refused.value.text == {
        "zh-CN": "A007已完成，不能呼叫。",
        "en": "A007 is done and can't be called.",
    }


def test_an_earlier_stop_keeps_a_ticket_from_waiting_until_it_is_ready() -> None:
    later = Ticket(id="t2", queue="linac-1", day="2026-11-27", after="t1")
    present = step(later, act(Verb.CHECK_IN))
    assert present.state is State.CHECKED_IN
    with pytest.raises(Illegal, match="has an earlier stop"):
        step(present, act(Verb.CALL))
    held = step(present, act(Verb.HOLD, why="unwell"))
    assert step(held, act(Verb.RETURN)).state is State.CHECKED_IN
    assert step(present, act(Verb.READY)).state is State.WAITING


def test_a_call_that_is_taken_back_stays_counted_so_the_next_is_another() -> None:
    called = step(waiting(1), act(Verb.CALL, 1))
    back = step(called, act(Verb.UNDO, 2))
    assert (back.state, back.calls, back.called) == (State.WAITING, 1, None)
    assert step(back, act(Verb.CALL, 3)).calls == 2


def test_an_act_survives_the_disk() -> None:
    made = act(Verb.MARK, 3, why="fever", marks=frozenset({Mark.INFECTION}), priority="urgent")
    assert read_act(orjson.loads(orjson.dumps(act_payload(made)))) == made
    moved = act(Verb.MOVE, 3, why="asked", place=PLACE)
    assert read_act(orjson.loads(orjson.dumps(act_payload(moved)))) == moved
