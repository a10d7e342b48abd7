"""A treatment session: one fraction of one plan at one machine, and how far it has come. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from gateway import Instant
from tps_bridge.plan import Identity
from tps_bridge.session.task import BeamTask


class SessionState(StrEnum):
    """DISCONTINUED: it began, and ended before all was given; the fraction may be resumed.

    VERIFIED: a session that only verifies was done; what was found stands in its records.
    """

    SCHEDULED = "scheduled"
    IN_PROGRESS = "in-progress"
    COMPLETED = "completed"
    VERIFIED = "verification-done"
    DISCONTINUED = "discontinued"
    CANCELLED = "cancelled"

    @property
    def is_open(self) -> bool:
        """Whether it may still be treated."""
        return self in {SessionState.SCHEDULED, SessionState.IN_PROGRESS}

    @property
    def is_done(self) -> bool:
        """Whether all was done that was to be done."""
        return self in {SessionState.COMPLETED, SessionState.VERIFIED}


class Step(StrEnum):
    """What happens to a session.

    OFFER: it is a work item since, which its machine may claim. WITHDRAW: it is none any more.
    WITHHOLD: nothing blocks it, and it can't be offered all the same: a person has to look.
    REFUSE: somebody wanted it and did not get it. BEAM: its machine's beam came on. BEGIN may be
    followed by another one's. TAKE_BACK: the record that ended it was wrong, and counts no more.
    """

    SCHEDULE = "schedule"
    OFFER = "offer"
    WITHDRAW = "withdraw"
    WITHHOLD = "withhold"
    REFUSE = "refuse"
    BEGIN = "begin"
    BEAM = "beam"
    PROGRESS = "progress"
    COMPLETE = "complete"
    DISCONTINUE = "discontinue"
    CANCEL = "cancel"
    TAKE_BACK = "take-back"


class Level(StrEnum):
    """How far a machine is kept from treating what is blocked.

    ENFORCED: it gets its work from us, and a blocked session is not handed over. GATED: its
    patients are not to be called while a session is blocked. OBSERVED: found from the record.
    """

    ENFORCED = "enforced"
    GATED = "gated"
    OBSERVED = "observed"


@dataclass(frozen=True, slots=True)
class Session:
    """`at` is when it is due (µs), `day` that day at the site (YYYYMMDD).

    `titles` are the AE titles of its machine when it was scheduled; none means that any may be.

    `digest` is that of the plan when it was scheduled. `item` is the UID of its work item and
    `instruction` that of the delivery instruction, empty where it is not offered; `offers` counts
    how often it was. `performer` is who began it, as `ae:TITLE`, a principal's id, or
    `record:MACHINE`; `progress` is in percent, as the performer says. `begun` and `ended` are µs.
    `why` is what was said with the last step. `outputs` are the UIDs of the treatment records that
    its machine says it made.
    """

    id: str
    plan: str
    digest: str
    group: int
    fraction: int
    machine: str
    identity: Identity
    at: Instant
    day: str = ""
    label: str = ""
    titles: tuple[str, ...] = ()
    appointment: str = ""
    state: SessionState = SessionState.SCHEDULED
    item: str = ""
    instruction: str = ""
    offers: int = 0
    performer: str = ""
    progress: float | None = None
    begun: Instant | None = None
    ended: Instant | None = None
    why: str = ""
    task: BeamTask = BeamTask.TREAT
    outputs: tuple[str, ...] = ()

    @property
    def has_treated(self) -> bool:
        """Whether it was begun to treat, and has ended."""
        ended = {SessionState.COMPLETED, SessionState.DISCONTINUED}
        return self.task.treats and self.state in ended


@dataclass(frozen=True, slots=True)
class Move:
    """A step that is taken: by whom, when (µs), why; the rest as the step needs it.

    `outputs` is None where nothing is said of them.
    """

    step: Step
    at: Instant
    who: str
    why: str = ""
    item: str = ""
    instruction: str = ""
    progress: float | None = None
    outputs: tuple[str, ...] | None = None


class Illegal(ValueError):  # noqa: N818 - a step that is none
    """A step that can't be taken; the session stays as it is."""


_ALL = frozenset(SessionState)
FROM: Mapping[Step, frozenset[SessionState]] = {
    Step.OFFER: frozenset({SessionState.SCHEDULED}),
    Step.WITHDRAW: frozenset({SessionState.SCHEDULED, SessionState.CANCELLED}),
    Step.WITHHOLD: frozenset({SessionState.SCHEDULED}),
    Step.REFUSE: _ALL,
    Step.BEGIN: frozenset({SessionState.SCHEDULED}),
    Step.BEAM: _ALL,
    Step.PROGRESS: frozenset({SessionState.IN_PROGRESS}),
    Step.COMPLETE: frozenset({SessionState.SCHEDULED, SessionState.IN_PROGRESS}),
    Step.DISCONTINUE: frozenset({SessionState.SCHEDULED, SessionState.IN_PROGRESS}),
    Step.CANCEL: frozenset({SessionState.SCHEDULED}),
    Step.TAKE_BACK: frozenset({SessionState.COMPLETED, SessionState.IN_PROGRESS}),
}
"""In which states each step is possible. Where only a record tells, a session ends as it begins.

What was called off may still be a work item, which is withdrawn after it. A machine that claimed
it all the same has it.
"""


def moved(session: Session, move: Move) -> Session:
    """The session after a step; Illegal if it can't be taken."""
    if not (session.state in FROM.get(move.step, ()) or _is_claimed(session, move)):
        raise Illegal(f"a session that is {session.state} can't {move.step}")
    return _EFFECTS[move.step](session, move)


def _is_claimed(session: Session, move: Move) -> bool:
    called_off = session.state is SessionState.CANCELLED
    return called_off and move.step is Step.BEGIN and "" != move.item == session.item


def _offered(session: Session, move: Move) -> Session:
    return replace(
        session,
        item=move.item,
        instruction=move.instruction,
        offers=session.offers + 1,
        why="",
    )


def _withheld(session: Session, move: Move) -> Session:
    return replace(session, why=move.why)


def _withdrawn(session: Session, move: Move) -> Session:
    why = session.why if session.state is SessionState.CANCELLED else move.why
    return replace(session, item="", instruction="", why=why)


def _same(session: Session, _move: Move) -> Session:
    return session


def _begun(session: Session, move: Move) -> Session:
    state = SessionState.IN_PROGRESS
    begun = replace(session, state=state, performer=move.who, begun=move.at, progress=None)
    return replace(begun, ended=None, why="")


def _progressed(session: Session, move: Move) -> Session:
    progress = session.progress if move.progress is None else move.progress
    outputs = session.outputs if move.outputs is None else move.outputs
    return replace(session, progress=progress, outputs=outputs)


def _ended(state: SessionState) -> Callable[[Session, Move], Session]:
    def effect(session: Session, move: Move) -> Session:
        return replace(
            session,
            state=state,
            performer=session.performer or move.who,
            begun=session.begun if session.begun is not None else move.at,
            ended=move.at,
            why=move.why,
        )

    return effect


def _completed(session: Session, move: Move) -> Session:
    treats = session.task.treats
    return _ended(SessionState.COMPLETED if treats else SessionState.VERIFIED)(session, move)


def _taken_back(session: Session, move: Move) -> Session:
    """One that had ended has ended before all was given."""
    ended = session.state is SessionState.COMPLETED
    state = SessionState.DISCONTINUED if ended else session.state
    return replace(session, state=state, progress=move.progress, why=move.why)


def _cancelled(session: Session, move: Move) -> Session:
    """Where its work item was cancelled, it is none any more."""
    item = "" if move.item == session.item else session.item
    state = SessionState.CANCELLED
    return replace(session, state=state, item=item, ended=move.at, why=move.why)


_EFFECTS: Mapping[Step, Callable[[Session, Move], Session]] = {
    Step.OFFER: _offered,
    Step.WITHDRAW: _withdrawn,
    Step.WITHHOLD: _withheld,
    Step.REFUSE: _same,
    Step.BEGIN: _begun,
    Step.BEAM: _same,
    Step.PROGRESS: _progressed,
    Step.COMPLETE: _completed,
    Step.DISCONTINUE: _ended(SessionState.DISCONTINUED),
    Step.CANCEL: _cancelled,
    Step.TAKE_BACK: _taken_back,
}
