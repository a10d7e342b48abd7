"""What is about to be treated, and what is known that may stand against it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from tps_bridge.block.emergency import Emergency
from tps_bridge.book import Act, Note, PlanCard, second_of
from tps_bridge.book.byhand import HandRecord
from tps_bridge.ledger import Carried, Finding, Ledger
from tps_bridge.plan import Identity, Unlike
from tps_bridge.session.session import Session

_UTC = ZoneInfo("UTC")


@dataclass(frozen=True, slots=True)
class Attempt:
    """Whom a machine, or a list, means to treat, by which plan, where and when.

    `digest` is that of the plan as it was scheduled. `at` is YYYYMMDDHHMMSS in the site's zone.
    """

    identity: Identity
    plan: str
    digest: str
    machine: str
    fraction: int
    at: str


@dataclass(frozen=True, slots=True)
class Registered:
    """Whom the site knows by the plan's number; `names` as DICOM writes them, one a script."""

    names: tuple[str, ...]
    birth_date: str


@dataclass(frozen=True, slots=True)
class Override:
    """A block that somebody set aside for one fraction; `second` is who confirmed it, or nothing.

    `reasons` are the keys of those that stood there: one that comes later is not set aside.
    `counts` is whether it holds now.
    """

    seq: int
    block: str
    reasons: tuple[str, ...]
    group: int
    fraction: int
    who: str
    at: int
    why: str
    second: str
    counts: bool

    def concerns(self, group: int, fraction: int) -> bool:
        return (self.group, self.fraction) == (group, fraction)


@dataclass(frozen=True, slots=True)
class Doubt:
    """A record of which nobody knows whose it is: in what it contradicts its plan, and its day.

    `label` is that of its plan where it is another one of the course, `record` its UID. Nothing in
    `unlike`: it names the patient, and a plan of somebody else.
    """

    day: str
    unlike: tuple[Unlike, ...] = ()
    label: str = ""
    record: str = ""


@dataclass(frozen=True, slots=True)
class Other:
    """Another plan of the course."""

    uid: str
    label: str


@dataclass(frozen=True, slots=True)
class ByHand:
    """What one person says that a session gave, and nobody has confirmed; `label` as above."""

    record: HandRecord
    label: str = ""


@dataclass(frozen=True, slots=True)
class Uncounted:
    """Something that a record gave and nobody can count; `label` as with `Doubt`."""

    finding: Finding
    label: str = ""


@dataclass(frozen=True, slots=True)
class Untold:
    """A session that was begun, and nothing tells yet all that it gave; `label` as with `Doubt`.

    `records` are those that tell part of it.
    """

    session: Session
    label: str = ""
    records: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Case:
    """All that is known of the plan. `registered` is None where nobody has its number.

    `registry` is whether there is a register of patients at all. `others` are the ledgers of the
    plan's other groups. `interval` is in hours.

    `retired` is why it was retired. Of other plans of the course: `carried` is what they gave that
    counts here, `elsewhere` when their fractions were given, `unsaid` those from which this one is
    derived in a way that nobody has said, `heirs` those that are derived from it so and are
    approved, `verifies` the one that it is to verify. `left_out` are the checks that an emergency
    leaves out, by the rule `source`. `zone` is the site's.
    """

    card: PlanCard
    ledger: Ledger
    group: int
    approved: bool
    active: bool
    registered: Registered | None
    registry: bool
    others: tuple[Ledger, ...] = ()
    doubts: tuple[Doubt, ...] = ()
    uncounted: tuple[Uncounted, ...] = ()
    untold: tuple[Untold, ...] = ()
    unconfirmed: tuple[ByHand, ...] = ()
    overrides: tuple[Override, ...] = ()
    interval: float = 6.0
    retired: str = ""
    carried: tuple[Carried, ...] = ()
    elsewhere: tuple[str, ...] = ()
    unsaid: tuple[Other, ...] = ()
    heirs: tuple[Other, ...] = ()
    verifies: Other | None = None
    emergency: Emergency | None = None
    left_out: frozenset[str] = frozenset()
    source: str = ""
    zone: ZoneInfo = _UTC

    def leaves_out(self, block: str) -> str:
        """By which rule a check is left out; '' where it is not."""
        counts = self.emergency is not None and self.emergency.counts
        return self.source if counts and block in self.left_out else ""


def overrides_of(notes: Sequence[Note], *, second_person: bool) -> tuple[Override, ...]:
    """The overrides of a plan."""
    made = ((each, second_of(each, notes)) for each in notes if each.act is Act.OVERRIDE)
    return tuple(
        Override(
            each.seq,
            each.text("block"),
            tuple(each.facts.get("reasons", ())),
            each.number("group") or 0,
            each.number("fraction") or 0,
            each.who,
            each.at,
            each.why,
            second,
            bool(second) or not second_person,
        )
        for each, second in made
    )
