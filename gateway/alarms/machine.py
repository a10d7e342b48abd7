"""The states of an alarm and what may change them (ISA-18.2-2016, 5.6). Pure.

Named as OPC UA Part 9 names them: an alarm is active or inactive, acknowledged or not, latched,
shelved, suppressed, out of service. The last three hide it: its condition is still followed, and
nobody is told.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from gateway.model import Instant


class Standing(StrEnum):
    """The states of ISA-18.2, A to I."""

    NORMAL = "normal"
    UNACKNOWLEDGED = "unacknowledged"
    ACKNOWLEDGED = "acknowledged"
    RETURNED = "returned"
    LATCHED_UNACKNOWLEDGED = "latched-unacknowledged"
    LATCHED = "latched"
    SHELVED = "shelved"
    SUPPRESSED = "suppressed"
    OUT_OF_SERVICE = "out-of-service"


class Step(StrEnum):
    """What may happen to an alarm. The first five are the gateway's own, the others a person's."""

    ACTIVATE = "activate"
    CLEAR = "clear"
    SUPPRESS = "suppress"
    UNSUPPRESS = "unsuppress"
    EXPIRE = "expire"
    ACKNOWLEDGE = "acknowledge"
    RESET = "reset"
    SHELVE = "shelve"
    UNSHELVE = "unshelve"
    REMOVE = "remove-from-service"
    RETURN = "return-to-service"


ANNUNCIATED = frozenset({Standing.UNACKNOWLEDGED, Standing.LATCHED_UNACKNOWLEDGED})
"""Whoever enters these wants a person now."""

NEEDS_ACKNOWLEDGEMENT = ANNUNCIATED | {Standing.RETURNED}
HIDDEN = frozenset({Standing.SHELVED, Standing.SUPPRESSED, Standing.OUT_OF_SERVICE})


@dataclass(frozen=True, slots=True)
class Shelf:
    """Why and until when an alarm is shelved. `one_shot`: also no longer than it is active."""

    until: Instant
    reason: str
    by: str
    one_shot: bool = False


@dataclass(frozen=True, slots=True)
class State:
    """Where an alarm stands. `causes` are ids of the alarms that suppress it.

    `latched` is set when an alarm that latches becomes active, and ends by a reset alone.
    `out_of_service` is the reason, empty in service.
    """

    active: bool = False
    acknowledged: bool = True
    latched: bool = False
    shelf: Shelf | None = None
    causes: frozenset[str] = field(default_factory=frozenset)
    out_of_service: str = ""

    @property
    def standing(self) -> Standing:
        """The one state of ISA-18.2; of several reasons to be hidden, the most lasting counts."""
        if self.out_of_service:
            return Standing.OUT_OF_SERVICE
        if self.causes:
            return Standing.SUPPRESSED
        if self.shelf is not None:
            return Standing.SHELVED
        return _VISIBLE[self.active, self.latched, self.acknowledged]

    @property
    def hidden(self) -> bool:
        return self.standing in HIDDEN


_VISIBLE: Mapping[tuple[bool, bool, bool], Standing] = {
    (False, False, True): Standing.NORMAL,
    (False, False, False): Standing.RETURNED,
    (False, True, True): Standing.LATCHED,
    (False, True, False): Standing.LATCHED_UNACKNOWLEDGED,
    (True, False, True): Standing.ACKNOWLEDGED,
    (True, False, False): Standing.UNACKNOWLEDGED,
    (True, True, True): Standing.ACKNOWLEDGED,
    (True, True, False): Standing.UNACKNOWLEDGED,
}

_NOT_ACKNOWLEDGED: Mapping[Standing, str] = {
    Standing.NORMAL: "it is normal: there is nothing to acknowledge",
    Standing.ACKNOWLEDGED: "it is acknowledged already",
    Standing.LATCHED: "it is acknowledged already: reset it",
    Standing.SHELVED: "it is shelved: take it from the shelf first",
    Standing.SUPPRESSED: "it is suppressed by what caused it: acknowledge that alarm",
    Standing.OUT_OF_SERVICE: "it is out of service: return it to service first",
}
_NOT_RESET: Mapping[Standing, str] = {
    Standing.NORMAL: "it is normal: there is nothing to reset",
    Standing.UNACKNOWLEDGED: "its cause is still there",
    Standing.ACKNOWLEDGED: "its cause is still there",
    Standing.RETURNED: "it does not latch: acknowledge it",
    Standing.LATCHED_UNACKNOWLEDGED: "it is not acknowledged: acknowledge it first",
    Standing.SHELVED: "it is shelved: take it from the shelf first",
    Standing.SUPPRESSED: "it is suppressed by what caused it",
    Standing.OUT_OF_SERVICE: "it is out of service: return it to service first",
}


@dataclass(frozen=True, slots=True)
class Facts:
    """What a step brings along; each step reads only its own.

    `latches`: the alarm is one that latches (ACTIVATE). `cause`: the alarm that suppresses it.
    `shelf`: the new one. `reason`: why it is taken out of service. `at`: when (EXPIRE).
    """

    latches: bool = False
    cause: str = ""
    shelf: Shelf | None = None
    reason: str = ""
    at: int = 0


@dataclass(frozen=True, slots=True)
class Refusal:
    """A step that the state does not allow, and why; nothing changed."""

    reason: str


def step(state: State, taken: Step, facts: Facts | None = None) -> State | Refusal:
    """The state after a step; the same one where nothing had to change."""
    return _STEPS[taken](state, facts or Facts())


def _activated(state: State, facts: Facts) -> State:
    if state.active:
        return state
    latched = state.latched or facts.latches
    acknowledged = state.acknowledged if state.hidden else False
    return replace(state, active=True, latched=latched, acknowledged=acknowledged)


def _cleared(state: State, _facts: Facts) -> State:
    if not state.active:
        return state
    cleared = replace(state, active=False)
    if state.shelf is not None and state.shelf.one_shot:
        return _revealed(state, replace(cleared, shelf=None))
    return cleared


def _suppressed(state: State, facts: Facts) -> State | Refusal:
    if not facts.cause:
        return Refusal("say which alarm suppresses it")
    return replace(state, causes=state.causes | {facts.cause})


def _unsuppressed(state: State, facts: Facts) -> State:
    return _revealed(state, replace(state, causes=state.causes - {facts.cause}))


def _expired(state: State, facts: Facts) -> State:
    over = state.shelf is not None and state.shelf.until <= facts.at
    return _revealed(state, replace(state, shelf=None)) if over else state


def _acknowledged(state: State, _facts: Facts) -> State | Refusal:
    refused = _NOT_ACKNOWLEDGED.get(state.standing)
    return Refusal(refused) if refused else replace(state, acknowledged=True)


def _reset(state: State, _facts: Facts) -> State | Refusal:
    refused = _NOT_RESET.get(state.standing)
    return Refusal(refused) if refused else replace(state, latched=False)


def _shelved(state: State, facts: Facts) -> State | Refusal:
    if state.shelf is not None:
        return Refusal("it is shelved already: take it from the shelf first")
    if state.out_of_service:
        return Refusal("it is out of service: return it to service first")
    if facts.shelf is None or not facts.shelf.reason.strip():
        return Refusal("say why it is shelved")
    return replace(state, shelf=facts.shelf)


def _unshelved(state: State, _facts: Facts) -> State | Refusal:
    if state.shelf is None:
        return Refusal("it is not shelved")
    return _revealed(state, replace(state, shelf=None))


def _removed(state: State, facts: Facts) -> State | Refusal:
    if state.out_of_service:
        return Refusal("it is out of service already")
    if not facts.reason.strip():
        return Refusal("say why it is taken out of service")
    return replace(state, out_of_service=facts.reason)


def _returned(state: State, _facts: Facts) -> State | Refusal:
    if not state.out_of_service:
        return Refusal("it is in service")
    return _revealed(state, replace(state, out_of_service=""))


def _revealed(before: State, after: State) -> State:
    """What was hidden and no longer is: normal if its cause is gone, else a person is wanted."""
    if not before.hidden or after.hidden:
        return after
    return replace(after, acknowledged=not (after.active or after.latched))


_STEPS: Mapping[Step, Callable[[State, Facts], State | Refusal]] = {
    Step.ACTIVATE: _activated,
    Step.CLEAR: _cleared,
    Step.SUPPRESS: _suppressed,
    Step.UNSUPPRESS: _unsuppressed,
    Step.EXPIRE: _expired,
    Step.ACKNOWLEDGE: _acknowledged,
    Step.RESET: _reset,
    Step.SHELVE: _shelved,
    Step.UNSHELVE: _unshelved,
    Step.REMOVE: _removed,
    Step.RETURN: _returned,
}
