"""What an alarm of this site is: its condition, and what it means to people."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from gateway.model import Localized, Micros
from gateway.profile import Priority, Severity

GATEWAY = "gateway"
"""The device of alarms about the gateway itself and its links."""

LINK = "link"
"""Where the id of an alarm about a link begins."""


@dataclass(frozen=True, slots=True)
class Limit:
    """A number above (or below) `limit`; over when it is `deadband` on the other side."""

    code: str
    above: bool
    limit: float
    deadband: float
    unit: str


@dataclass(frozen=True, slots=True)
class Word:
    """A state that reads `word`."""

    code: str
    word: str


@dataclass(frozen=True, slots=True)
class Stale:
    """No good value of a point for `after`."""

    code: str
    after: Micros


@dataclass(frozen=True, slots=True)
class Offline:
    """The device itself does not answer; while its link is down nobody can tell."""


@dataclass(frozen=True, slots=True)
class LinkDown:
    """A link does not work; nothing is known of the `devices` on it."""

    link: str
    devices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class System:
    """What the gateway says of itself under `code`: the values that raise, and those that clear.

    Without any that clear it happened, and is over at once. `raises` empty: by any value.
    """

    code: str
    raises: frozenset[str]
    clears: frozenset[str]


@dataclass(frozen=True, slots=True)
class Waiting:
    """Messages wait in quarantine."""


Condition: TypeAlias = Limit | Word | Stale | Offline | LinkDown | System | Waiting


@dataclass(frozen=True, slots=True)
class Definition:
    """One alarm. `subject` names what has it, `place` where that is.

    `suppressed_by` are ids of alarms that explain this one: while one of them is active, this one
    is suppressed by design.
    """

    id: str
    device: str
    condition: Condition
    priority: Priority
    severity: Severity
    respond: Micros
    name: Localized
    subject: Localized
    on_delay: Micros
    off_delay: Micros
    place: Localized = ""
    consequence: Localized = ""
    advice: Localized = ""
    latch: bool = False
    suppressed_by: tuple[str, ...] = ()
    simulated: bool = False


def device_id(device: str) -> str:
    """Id of the alarm that a device does not answer."""
    return f"{device}/offline"


def link_id(link: str) -> str:
    """Id of the alarm that a link is down."""
    return f"{LINK}/{link}"
