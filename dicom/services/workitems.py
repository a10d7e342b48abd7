"""Work items (Unified Procedure Steps) as other rooms see them.

A room that gives items their meaning makes them through `WorkItems`, answers as `WorkItemKeeper`
before anybody claims or changes them, and follows the event stream, which `change_of` reads.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol, TypeAlias, runtime_checkable

from gateway import DeviceEvent, Instant, Kind
from gateway.room import ACTION_SYSTEM

Content: TypeAlias = dict[str, Any]
"""A dataset as DICOM JSON (PS3.18 F.2); decimal and integer strings are text."""


class Verb(StrEnum):
    """What is done to a work item; the event's code is `ups.` and this."""

    CREATE = "create"
    SET = "set"
    CLAIM = "claim"
    COMPLETE = "complete"
    CANCEL = "cancel"
    """By its performer, or on request while nobody has claimed it."""
    REQUEST_CANCEL = "request-cancel"
    """Asked of the performer, who may go on."""


_VERBS = frozenset(each.value for each in Verb)


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts: a calling AE title and its address, a principal over HTTP, or a room."""

    title: str = ""
    address: str = ""
    called: str = ""
    room: str = ""
    principal: str = ""

    @property
    def name(self) -> str:
        """Who it is for the owner of a claim: an AE title, `person:…`, `token:…`, or a room."""
        return self.title or self.principal or self.room

    def __str__(self) -> str:
        if self.title:
            return f"ae:{self.title}"
        return self.principal or f"room:{self.room}"


@dataclass(frozen=True, slots=True)
class WorkItem:
    """A work item as it stands.

    `content` has its state and no transaction UID: nobody is told what locks it. `owner` is who
    claimed it, `keeper` the room that made it, or '' for a peer's. `version` counts its changes.
    """

    uid: str
    content: Content
    version: int
    changed: Instant
    lock: str = ""
    owner: str = ""
    keeper: str = ""

    @property
    def state(self) -> str:
        """SCHEDULED, IN PROGRESS, CANCELED or COMPLETED."""
        return str(self.content["00741000"]["Value"][0])


@dataclass(frozen=True, slots=True)
class Ask:
    """What somebody is about to do. `item` stands before it; `content` is what comes with it."""

    verb: Verb
    item: WorkItem
    actor: Actor
    content: Content


@runtime_checkable
class WorkItemKeeper(Protocol):
    """The room whose items have this `keeps_work_items` as their keeper; among a room's services.

    An item whose keeper can't be asked (its room is closed, or takes too long) is not claimed.
    """

    @property
    def keeps_work_items(self) -> str: ...

    async def may_change(self, ask: Ask) -> str:
        """Why not, in few words of ASCII for the peer's log, or ''. Never asked of its own acts."""
        ...


@runtime_checkable
class WorkItems(Protocol):
    """The engine; ask for it with `RoomContext.neighbours(WorkItems)`.

    What is done is an event before the call returns; StoreError means that nothing was.
    WorkItemRefused says why the standard forbids it.
    """

    async def create(self, content: Content, *, keeper: str, uid: str = "") -> str:
        """A new item, with all that PS3.4 table CC.2.5-3 requires; its SOP Instance UID."""
        ...

    async def change(self, uid: str, content: Content, *, keeper: str) -> None:
        """Set attributes of one's own item, whatever its state (CC.2.6.3, CC.2.5.3)."""
        ...

    async def cancel(
        self, uid: str, reason: str, *, keeper: str, only_if_scheduled: bool = False
    ) -> None:
        """Cancel one's own item, also one that is claimed: its performer hears of it.

        With `only_if_scheduled` one that was claimed meanwhile stays as it is: WorkItemRefused
        (C302 if it is IN PROGRESS, C300 if it has ended).
        """
        ...

    async def item(self, uid: str) -> WorkItem | None: ...

    async def matching(self, keys: Content, limit: int = 1000) -> Sequence[WorkItem]:
        """Items that match keys as C-FIND's would (PS3.4 C.2.2.2)."""
        ...


class WorkItemRefused(Exception):  # noqa: N818 - what happened to it
    """The standard forbids it: `status` as a peer would be told."""

    def __init__(self, status: int, words: str) -> None:
        super().__init__(words or f"status {status:#06x}")
        self.status = status


@dataclass(frozen=True, slots=True)
class WorkItemChange:
    """What an event says happened to an item.

    `content` are the elements that it set, all of them for a new item; `state` is the one that
    the item has since. `actor` is `ae:TITLE` or `room:NAME`.
    """

    uid: str
    verb: Verb
    version: int
    state: str
    content: Content
    actor: str
    at: Instant
    seq: int


def change_of(event: DeviceEvent) -> WorkItemChange | None:
    """The change that an event tells, or None if it tells none of a work item."""
    if event.kind is not Kind.ACTION or event.code.system != ACTION_SYSTEM:
        return None
    room, _, verb = event.code.code.partition(".")
    if room != "ups" or verb not in _VERBS:
        return None
    said: Mapping[str, Any] = event.payload or {}
    return WorkItemChange(
        said["uid"],
        Verb(verb),
        said["version"],
        said["state"],
        said["content"],
        event.actor,
        event.received_at,
        event.seq,
    )
