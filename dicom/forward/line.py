"""How objects reach a destination: over an association, or to a DICOMweb server by STOW-RS."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from typing import Protocol

from dicom.dimse import (
    Association,
    AssociationLost,
    Command,
    Limits,
    Operation,
    Peer,
    Response,
    Status,
    Wanted,
    associate,
    is_good,
)
from dicom.forward.content import Content, Unsendable
from dicom.forward.entry import Entry
from dicom.storage.part10 import head
from dicom.web.client import NotNow, Outgoing, RefusedByPeer, WebClient, WebPeer
from gateway import DeviceUnavailable, ProtocolViolation, StoreError

_OF_THE_OBJECT = frozenset((400, 409, 413, 415, 422))
"""What a server says of a request for what is in it (PS3.18 10.5.3.1, RFC 9110 15.5)."""
_WORDS = 200


class TakesNothing(DeviceUnavailable):
    """The destination takes no object for now, and has nothing of the one that was to be sent.

    `after` is in how many seconds it wants to be asked again; 0 if it does not say.
    """

    def __init__(self, words: str, after: float = 0.0) -> None:
        super().__init__(words)
        self.after = after


class Line(Protocol):
    """An open way to a destination."""

    @property
    def is_open(self) -> bool:
        """Whether anything more can be sent on it."""
        ...

    async def store(self, entry: Entry, content: Content) -> Response:
        """Send one object; the answer, as C-STORE would give it.

        ContextRefused: it takes no such objects. TakesNothing: none at all for now.
        AssociationLost: nobody knows whether it has it. Unsendable and StoreError are those of the
        content.
        """
        ...


@dataclass(frozen=True, slots=True)
class Way:
    """Where a destination is, as its name in the log, and how it is reached.

    `opens` takes what is about to be sent; DeviceUnavailable where nobody answers.
    """

    name: str
    opens: Callable[[Sequence[Entry]], AbstractAsyncContextManager[Line]]


def by_association(peer: Peer, limits: Limits) -> Way:
    @asynccontextmanager
    async def opens(batch: Sequence[Entry]) -> AsyncIterator[Line]:
        pairs = dict.fromkeys((entry.sop_class, entry.transfer_syntax) for entry in batch)
        wanted = [Wanted(sop_class, (syntax,)) for sop_class, syntax in pairs]
        async with associate(peer, wanted, limits=limits) as association:
            yield _Associated(association)

    return Way(str(peer), opens)


def by_web(peer: WebPeer, title: str) -> Way:
    """`title` is the one of ours that the files name as their sender."""

    @asynccontextmanager
    async def opens(_batch: Sequence[Entry]) -> AsyncIterator[Line]:
        async with WebClient.open(peer) as client:
            yield _Posted(client, title)

    return Way(str(peer), opens)


@dataclass(frozen=True, slots=True)
class _Associated:
    association: Association

    @property
    def is_open(self) -> bool:
        return self.association.is_open

    async def store(self, entry: Entry, content: Content) -> Response:
        context = self.association.context_for(entry.sop_class, entry.transfer_syntax)
        command = Command(
            Operation.C_STORE, sop_class=entry.sop_class, sop_instance=content.sop_instance
        )
        try:
            return await self.association.send(command, content.parts, context=context)
        except (Unsendable, StoreError):
            self.association.abort("the object can't be read to its end")
            raise


@dataclass(frozen=True, slots=True)
class _Posted:
    """One request an object, so that each has an answer of its own.

    What a server would say of any object, such as that a token is no longer good, holds the line.
    """

    client: WebClient
    title: str

    @property
    def is_open(self) -> bool:
        return True

    async def store(self, entry: Entry, content: Content) -> Response:
        uid = content.sop_instance
        file = _File(entry, content, self.title)
        try:
            answered = await self.client.store([Outgoing(uid, file.parts())])
        except NotNow as error:
            raise TakesNothing(str(error), error.after) from error
        except RefusedByPeer as error:
            if error.status not in _OF_THE_OBJECT:
                words = f"{error}: check its address, and what it lets us do"
                raise TakesNothing(words) from error
            return Response(Status.CANNOT_UNDERSTAND, comment=str(error)[:_WORDS])
        except (DeviceUnavailable, ProtocolViolation) as error:
            if not file.begun:
                raise TakesNothing(str(error)) from error
            raise AssociationLost(str(error)) from error
        if (reason := answered.failed.get(uid)) is not None:
            return _failure(reason)
        if uid in answered.stored:
            return Response()
        raise AssociationLost(f"{self.client.peer}: it did not say what became of {uid}")


@dataclass(slots=True)
class _File:
    """An object as a Part 10 file; `begun` says that some of it may have left."""

    entry: Entry
    content: Content
    title: str
    begun: bool = False

    async def parts(self) -> AsyncIterator[bytes]:
        self.begun = True
        yield head(
            self.entry.sop_class,
            self.content.sop_instance,
            self.entry.transfer_syntax,
            sender=self.title,
            receiver="",
        )
        async for part in self.content.parts:
            yield part


def _failure(reason: int) -> Response:
    """What is listed as failed has failed, also with a reason that elsewhere is none."""
    if not is_good(reason):
        return Response(reason)
    words = f"it lists the object as failed, with reason {reason:04X}H"
    return Response(Status.PROCESSING_FAILURE, comment=words)
