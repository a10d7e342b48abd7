"""The machine against ISA-18.2's own table, written down here apart from the code."""

from __future__ import annotations

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from gateway.alarms.machine import Facts, Refusal, Shelf, Standing, State, Step, step
from gateway.model import Instant

LETTERS = {
    "A": Standing.NORMAL,
    "B": Standing.UNACKNOWLEDGED,
    "C": Standing.ACKNOWLEDGED,
    "D": Standing.RETURNED,
    "E": Standing.LATCHED_UNACKNOWLEDGED,
    "F": Standing.LATCHED,
    "G": Standing.SHELVED,
    "H": Standing.SUPPRESSED,
    "I": Standing.OUT_OF_SERVICE,
}

# ISA-18.2-2016, figure of the alarm states: from, what happens, to. `/` stands before the state
# of an alarm that latches. What is not in the table does not happen.
TABLE = """
A abnormal     B
B acknowledge  C
B normal       D/E
C normal       A/F
D acknowledge  A
D abnormal     B
E acknowledge  F
E abnormal     B
F reset        A
F abnormal     B
"""


def _transitions(*, latching: bool) -> dict[tuple[str, str], str]:
    rows = (line.split() for line in TABLE.split("\n") if line)
    return {(at, what): to.split("/")[-1 if latching else 0] for at, what, to in rows}


class Standard:
    """An alarm by the standard's table alone: a letter, and what hides it."""

    def __init__(self, *, latching: bool) -> None:
        self.table = _transitions(latching=latching)
        self.latching = latching
        self.letter = "A"
        self.abnormal = self.held = False
        self.shelved: tuple[int, bool] | None = None
        self.causes: set[str] = set()
        self.out = False

    @property
    def hidden(self) -> str:
        return "I" if self.out else "H" if self.causes else "G" if self.shelved else ""

    @property
    def shown(self) -> str:
        return self.hidden or self.letter

    def happens(self, what: str) -> bool:
        to = self.table.get((self.letter, what))
        if self.hidden or to is None:
            return False
        self.letter = to
        return True

    def process(self, *, abnormal: bool) -> None:
        if self.abnormal == abnormal:
            return
        self.abnormal = abnormal
        self.held |= abnormal and self.latching
        if self.hidden:
            if not abnormal and self.shelved and self.shelved[1]:
                self.reveal("shelved")
            return
        assert self.happens("abnormal" if abnormal else "normal")

    def reveal(self, what: str) -> None:
        """Back to A if the process is normal, else to B; what latches is held in E."""
        was = self.hidden
        if what == "shelved":
            self.shelved = None
        elif what == "out":
            self.out = False
        else:
            self.causes.discard(what)
        if was and not self.hidden:
            self.letter = "B" if self.abnormal else "E" if self.held else "A"


CAUSES = st.sampled_from(["link/meters", "device/meter-1"])


class AlarmLife(RuleBasedStateMachine):
    latching = False

    def __init__(self) -> None:
        super().__init__()
        self.standard = Standard(latching=self.latching)
        self.state = State()
        self.now = 0

    def take(self, taken: Step, **facts: object) -> State | Refusal:
        after = step(self.state, taken, Facts(latches=self.latching, **facts))  # type: ignore[arg-type]
        if isinstance(after, State):
            self.state = after
        return after

    @rule(abnormal=st.booleans())
    def the_process_moves(self, *, abnormal: bool) -> None:
        self.standard.process(abnormal=abnormal)
        assert isinstance(self.take(Step.ACTIVATE if abnormal else Step.CLEAR), State)

    @rule()
    def somebody_acknowledges(self) -> None:
        happened = self.standard.happens("acknowledge")
        assert isinstance(self.take(Step.ACKNOWLEDGE), State) is happened

    @rule()
    def somebody_resets(self) -> None:
        happened = self.standard.happens("reset")
        self.standard.held &= not happened
        assert isinstance(self.take(Step.RESET), State) is happened

    @rule(minutes=st.integers(1, 9), one_shot=st.booleans())
    def somebody_shelves(self, minutes: int, *, one_shot: bool) -> None:
        allowed = self.standard.shelved is None and not self.standard.out
        if allowed:
            self.standard.shelved = (self.now + minutes, one_shot)
        shelf = Shelf(Instant(self.now + minutes), "being repaired", "person:wang", one_shot)
        assert isinstance(self.take(Step.SHELVE, shelf=shelf), State) is allowed

    @rule()
    def somebody_unshelves(self) -> None:
        allowed = self.standard.shelved is not None
        self.standard.reveal("shelved")
        assert isinstance(self.take(Step.UNSHELVE), State) is allowed

    @rule(minutes=st.integers(1, 5))
    def time_passes(self, minutes: int) -> None:
        self.now += minutes
        if self.standard.shelved and self.standard.shelved[0] <= self.now:
            self.standard.reveal("shelved")
        assert isinstance(self.take(Step.EXPIRE, at=Instant(self.now)), State)

    @rule(cause=CAUSES)
    def a_cause_suppresses(self, cause: str) -> None:
        self.standard.causes.add(cause)
        assert isinstance(self.take(Step.SUPPRESS, cause=cause), State)

    @rule(cause=CAUSES)
    def a_cause_ends(self, cause: str) -> None:
        self.standard.reveal(cause)
        assert isinstance(self.take(Step.UNSUPPRESS, cause=cause), State)

    @rule()
    def it_is_taken_out_of_service(self) -> None:
        allowed = not self.standard.out
        self.standard.out = True
        assert isinstance(self.take(Step.REMOVE, reason="no such pump any more"), State) is allowed

    @precondition(lambda self: self.standard.out)
    @rule()
    def it_returns_to_service(self) -> None:
        self.standard.reveal("out")
        assert isinstance(self.take(Step.RETURN), State)

    @invariant()
    def they_agree(self) -> None:
        assert self.state.standing is LETTERS[self.standard.shown]
        assert self.state.active is self.standard.abnormal


class LatchingLife(AlarmLife):
    latching = True


TestAlarmLife = AlarmLife.TestCase
TestLatchingLife = LatchingLife.TestCase
for _case in (TestAlarmLife, TestLatchingLife):
    _case.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)


@pytest.mark.parametrize(
    ("taken", "facts", "why"),
    [
        (Step.ACKNOWLEDGE, Facts(), "nothing to acknowledge"),
        (Step.RESET, Facts(), "nothing to reset"),
        (Step.UNSHELVE, Facts(), "not shelved"),
        (Step.RETURN, Facts(), "in service"),
        (Step.SUPPRESS, Facts(), "which alarm"),
        (Step.SHELVE, Facts(shelf=Shelf(Instant(1), "  ", "person:wang")), "say why"),
        (Step.REMOVE, Facts(reason=" "), "say why"),
    ],
)
def test_a_step_that_is_not_allowed_says_why(taken: Step, facts: Facts, why: str) -> None:
    refused = step(State(), taken, facts)
    assert isinstance(refused, Refusal)
    assert why in refused.reason


def test_what_latched_while_nobody_could_see_it_wants_a_person_afterwards() -> None:
    state = State()
    shelf = Shelf(Instant(9), "calibration", "person:wang")
    for taken, facts in (
        (Step.SHELVE, Facts(shelf=shelf)),
        (Step.ACTIVATE, Facts(latches=True)),
        (Step.CLEAR, Facts()),
        (Step.EXPIRE, Facts(at=Instant(9))),
    ):
        after = step(state, taken, facts)
        assert isinstance(after, State)
        state = after
    assert state.standing is Standing.LATCHED_UNACKNOWLEDGED
