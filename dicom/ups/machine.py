"""What becomes of a request, by PS3.4 table CC.1.1-2. Pure: nothing is stored or sent here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from dicom.content import Content, first, has_value, tag, values
from dicom.dimse.status import Status
from dicom.services.workitems import Actor, Verb, WorkItem
from dicom.ups.news import News, assigned, cancel_requested, progress, state_report
from dicom.ups.requirements import (
    check_change,
    check_new,
    filled,
    has_codes,
    is_scheduled,
    named,
    too_large,
    unmet,
)
from dicom.ups.terms import (
    CANCELED_AT,
    COMMUNICATIONS,
    MODIFIED,
    PERFORMERS,
    PROGRESS,
    PROGRESS_PERCENT,
    PROGRESS_WORDS,
    READINESS,
    REASON,
    REASON_CODES,
    STATE,
    STATIONS,
    TRANSACTION,
    WORKLIST_LABEL,
    State,
    UpsStatus,
)
from gateway import Instant

UNSPECIFIED: Content = {
    "00080100": {"vr": "SH", "Value": ["110513"]},
    "00080102": {"vr": "SH", "Value": ["DCM"]},
    "00080104": {"vr": "LO", "Value": ["Discontinued for unspecified reason"]},
}
"""CID 9300: what a request to cancel says that gives no reason."""

_TOLD_OF_CANCEL = (REASON, REASON_CODES, tag("ContactURI"), tag("ContactDisplayName"))
_TOLD_OF_PROGRESS = (PROGRESS_PERCENT, PROGRESS_WORDS, COMMUNICATIONS)


@dataclass(frozen=True, slots=True)
class Change:
    """What an item becomes: elements that are set, who holds it, and what subscribers hear."""

    verb: Verb
    content: Content
    lock: str
    owner: str
    news: tuple[News, ...] = ()


@dataclass(frozen=True, slots=True)
class Verdict:
    """The status that the peer is told, in words for its log, and what changes, if anything."""

    status: int = Status.SUCCESS
    words: str = ""
    change: Change | None = None


@dataclass(frozen=True, slots=True)
class Lock:
    """A Transaction UID as a request gave it; kept and compared as a digest alone.

    With `bound` the title that claimed the item must also be the one that changes it.
    """

    digest: str
    bound: bool = True

    def opens(self, item: WorkItem) -> bool:
        """Whether it is the correct one: any before the item is claimed (CC.2.1.3)."""
        if item.state == State.SCHEDULED:
            return bool(self.digest)
        return bool(self.digest) and self.digest == item.lock


@dataclass(frozen=True, slots=True)
class Moment:
    """Now, as an instant and as the DT that goes into items."""

    instant: Instant
    text: str
    worklist_label: str = "ISOGATE"


_STATES = frozenset(each.value for each in State)
_UNKNOWN = Verdict(UpsStatus.UNKNOWN_ITEM, "no such work item")
_NOT_OWNER = Verdict(Status.NOT_AUTHORIZED, "another AE title claimed it")
_TOO_LARGE = Verdict(Status.RESOURCE_LIMITATION, "the work item would be too large")
_WRONG_LOCK = Verdict(UpsStatus.WRONG_TRANSACTION, "not the Transaction UID that locks it")


def create(known: WorkItem | None, uid: str, content: Content, moment: Moment) -> Verdict:
    """N-CREATE (CC.2.5.3)."""
    if known is not None:
        return Verdict(Status.DUPLICATE_SOP_INSTANCE, "the work item exists")
    if has_value(content, STATE) and first(content, STATE) != State.SCHEDULED:
        return Verdict(UpsStatus.NOT_SCHEDULED, "Procedure Step State must be SCHEDULED")
    if fault := check_new(content, uid):
        return Verdict(fault.status, fault.words)
    new, added = filled(content)
    if not has_value(new, WORKLIST_LABEL):
        new[WORKLIST_LABEL] = {"vr": "LO", "Value": [moment.worklist_label]}
        added = [key for key in added if key != WORKLIST_LABEL]
    new[MODIFIED] = _date_time(moment)
    if too_large(new):
        return _TOO_LARGE
    news = [state_report(new)]
    if has_value(new, STATIONS) or has_value(new, PERFORMERS):
        news.append(assigned(new))
    change = Change(Verb.CREATE, new, "", "", tuple(news))
    if not added:
        return Verdict(change=change)
    words = "set empty: " + " ".join(named(key) for key in added)
    return Verdict(UpsStatus.CREATED_WITH_MODIFICATIONS, words, change)


def change_state(
    item: WorkItem | None, wanted: str, lock: Lock, actor: Actor, moment: Moment
) -> Verdict:
    """N-ACTION Change UPS State (CC.2.1.3)."""
    if item is None:
        return _UNKNOWN
    if wanted == State.SCHEDULED:
        return Verdict(UpsStatus.ONLY_CREATED_SCHEDULED, "only N-CREATE makes it SCHEDULED")
    if wanted not in _STATES:
        return Verdict(Status.INVALID_ARGUMENT, f"no state {wanted[:16]!r}")
    if not lock.opens(item):
        return _WRONG_LOCK
    if wanted == State.IN_PROGRESS:
        return _claim(item, lock, actor, moment)
    return _finish(item, State(wanted), lock, actor, moment)


def set_attributes(
    item: WorkItem | None, content: Content, lock: Lock, actor: Actor, moment: Moment
) -> Verdict:
    """N-SET (CC.2.6.3). A repetition changes nothing and succeeds."""
    if item is None:
        return _UNKNOWN
    if State(item.state).is_final:
        return Verdict(UpsStatus.NO_LONGER_UPDATED, f"it is {item.state}")
    if item.state == State.SCHEDULED and lock.digest:
        return Verdict(UpsStatus.NOT_IN_PROGRESS, "nobody has claimed it yet")
    if item.state == State.IN_PROGRESS and not lock.opens(item):
        return _WRONG_LOCK
    if _is_stranger(item, lock, actor):
        return _NOT_OWNER
    return (_amend_kept if item.keeper else amend)(item, content, moment)


def amend(item: WorkItem, content: Content, moment: Moment) -> Verdict:
    """Set attributes, whoever may: N-SET, or the item's keeper."""
    wanted = {key: each for key, each in content.items() if key != TRANSACTION}
    if fault := check_change(wanted):
        return Verdict(fault.status, fault.words)
    differs = {key: each for key, each in wanted.items() if item.content.get(key) != each}
    if not differs:
        return Verdict()
    after = item.content | differs
    if too_large(after):
        return _TOO_LARGE
    news = []
    if READINESS in differs:
        news.append(state_report(after))
    if STATIONS in differs or PERFORMERS in differs:
        news.append(assigned(after))
    if PROGRESS in differs and _progress(after) != _progress(item.content):
        news.append(progress(after))
    differs[MODIFIED] = _date_time(moment)
    return Verdict(change=Change(Verb.SET, differs, item.lock, item.owner, tuple(news)))


def _amend_kept(item: WorkItem, content: Content, moment: Moment) -> Verdict:
    """What its performer may say of an item that a room keeps: nothing of what was scheduled.

    Table CC.2.5-3 would let anybody set it, before and after the claim.
    """
    if item.state == State.SCHEDULED:
        words = f"only {item.keeper} changes it until it is claimed"
        return Verdict(Status.NOT_AUTHORIZED, words)
    verdict = amend(item, content, moment)
    changed = verdict.change.content if verdict.change is not None else {}
    scheduled = next((named(key) for key in changed if is_scheduled(key)), "")
    if scheduled:
        return Verdict(Status.NOT_AUTHORIZED, f"only {item.keeper} changes {scheduled}")
    return verdict


def request_cancel(
    item: WorkItem | None, content: Content, actor: Actor, moment: Moment, *, heard: bool
) -> Verdict:
    """N-ACTION Request UPS Cancel (CC.2.2.3); `heard` says whether the performer is subscribed."""
    if item is None:
        return _UNKNOWN
    if item.state == State.COMPLETED:
        return Verdict(UpsStatus.COMPLETED_ALREADY, "it is COMPLETED")
    if item.state == State.CANCELED:
        return Verdict(UpsStatus.ALREADY_CANCELED, "it is CANCELED")
    told = {key: content[key] for key in _TOLD_OF_CANCEL if key in content}
    request = cancel_requested(told, actor.name[:16])
    if item.state == State.SCHEDULED:
        return Verdict(change=_withdrawn(item, told, request, moment))
    change = Change(Verb.REQUEST_CANCEL, {}, item.lock, item.owner, (request,))
    if not heard:
        words = f"{item.owner} has not subscribed to it"
        return Verdict(UpsStatus.PERFORMER_UNREACHABLE, words, change)
    return Verdict(change=change)


def withdraw(
    item: WorkItem, reason: str, moment: Moment, *, only_if_scheduled: bool = False
) -> Verdict:
    """Its keeper cancels it: as a request does while it is SCHEDULED, and also later unless not."""
    if State(item.state).is_final:
        return Verdict(UpsStatus.NO_LONGER_UPDATED, f"it is {item.state}")
    if only_if_scheduled and item.state != State.SCHEDULED:
        return Verdict(UpsStatus.ALREADY_IN_PROGRESS, f"{item.owner} has it")
    told: Content = {REASON: {"vr": "LT", "Value": [reason]}} if reason else {}
    request = cancel_requested(told, item.keeper[:16])
    return Verdict(change=_withdrawn(item, told, request, moment))


def applied(item: WorkItem, change: Change, instant: Instant) -> WorkItem:
    """The item after a change."""
    return replace(
        item,
        content=item.content | change.content,
        version=item.version + 1,
        changed=instant,
        lock=change.lock,
        owner=change.owner,
    )


def _claim(item: WorkItem, lock: Lock, actor: Actor, moment: Moment) -> Verdict:
    if State(item.state).is_final:
        return Verdict(UpsStatus.NO_LONGER_UPDATED, f"it is {item.state}")
    if item.state == State.IN_PROGRESS:
        return Verdict(UpsStatus.ALREADY_IN_PROGRESS, f"{item.owner} has it")
    content = _in_state(State.IN_PROGRESS, moment)
    news = (state_report(item.content | content),)
    return Verdict(change=Change(Verb.CLAIM, content, lock.digest, actor.name, news))


def _finish(item: WorkItem, wanted: State, lock: Lock, actor: Actor, moment: Moment) -> Verdict:
    if item.state == State.SCHEDULED:
        return Verdict(UpsStatus.NOT_IN_PROGRESS, "nobody has claimed it yet")
    if State(item.state).is_final:
        return _finished_already(item, wanted)
    if _is_stranger(item, lock, actor):
        return _NOT_OWNER
    content = _in_state(wanted, moment)
    if wanted is State.CANCELED:
        content |= _cancellation(item.content, {}, moment)
    if missing := unmet(item.content | content, wanted):
        words = "no value: " + " ".join(named(key) for key in missing)
        return Verdict(UpsStatus.FINAL_STATE_UNMET, words)
    verb = Verb.CANCEL if wanted is State.CANCELED else Verb.COMPLETE
    news = (state_report(item.content | content),)
    return Verdict(change=Change(verb, content, item.lock, item.owner, news))


def _finished_already(item: WorkItem, wanted: State) -> Verdict:
    if item.state != wanted:
        return Verdict(UpsStatus.NO_LONGER_UPDATED, f"it is {item.state}")
    if wanted is State.COMPLETED:
        return Verdict(UpsStatus.ALREADY_COMPLETED, "it is COMPLETED")
    return Verdict(UpsStatus.ALREADY_CANCELED, "it is CANCELED")


def _withdrawn(item: WorkItem, told: Content, request: News, moment: Moment) -> Change:
    """IN PROGRESS, then CANCELED, with all that a final state requires (CC.2.2.3)."""
    steps = []
    if item.state == State.SCHEDULED:
        steps.append(state_report(item.content | _in_state(State.IN_PROGRESS, moment)))
    codes = {"vr": "SQ", "Value": [UNSPECIFIED]}
    reasons = told[REASON_CODES] if has_codes(told, REASON_CODES) else codes
    content = _in_state(State.CANCELED, moment)
    content |= _cancellation(item.content, told | {REASON_CODES: reasons}, moment)
    steps.append(state_report(item.content | content))
    return Change(Verb.CANCEL, content, item.lock, item.owner, (request, *steps))


def _cancellation(content: Mapping[str, Any], told: Content, moment: Moment) -> Content:
    """Progress Information with the time of cancellation, which is ours to fill, and a reason."""
    items: Sequence[Any] = values(content, PROGRESS) or [{}]
    said = {CANCELED_AT: _date_time(moment)} if not has_value(items[0], CANCELED_AT) else {}
    reasons = {key: told[key] for key in (REASON, REASON_CODES) if key in told}
    return {PROGRESS: {"vr": "SQ", "Value": [items[0] | said | reasons, *items[1:]]}}


def _in_state(state: State, moment: Moment) -> Content:
    return {STATE: {"vr": "CS", "Value": [str(state)]}, MODIFIED: _date_time(moment)}


def _date_time(moment: Moment) -> dict[str, Any]:
    return {"vr": "DT", "Value": [moment.text]}


def _is_stranger(item: WorkItem, lock: Lock, actor: Actor) -> bool:
    return item.state == State.IN_PROGRESS and lock.bound and actor.name != item.owner


def _progress(content: Mapping[str, Any]) -> Sequence[Any]:
    items = values(content, PROGRESS)
    return [[item.get(key) for key in _TOLD_OF_PROGRESS] for item in items]
