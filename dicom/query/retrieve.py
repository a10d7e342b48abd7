"""C-MOVE and C-GET: stored objects sent as they came, to a peer that we know or to the caller."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Iterator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace

from dicom.dimse import (
    Association,
    AssociationLost,
    Command,
    Context,
    ContextRefused,
    Limits,
    Operation,
    Peer,
    Request,
    Response,
    Responses,
    Status,
    Wanted,
    associate,
)
from dicom.query.find import Store, read_question, refused, unable
from dicom.query.keys import STUDY_UID
from dicom.query.question import Model, NotAnswered, Question
from dicom.query.selection import Item, Selection, require_unique, selected
from dicom.query.tally import Tally
from dicom.storage.blobs import Blobs
from dicom.upper.negotiate import MOST_CONTEXTS
from gateway import DeviceUnavailable, StoreError
from gateway.room import Outcome

log = logging.getLogger(__name__)


class _BrokenOff(Exception):  # noqa: N818 - what happened
    """Our file could not be read to its end: the message, and its association, is over."""


class _Trouble:
    """Why sub-operations failed: the first reason, for the final response."""

    def __init__(self) -> None:
        self.words = ""

    def note(self, words: str) -> None:
        self.words = self.words or words


@dataclass(frozen=True, slots=True)
class _Job:
    """A retrieval under way. `action` is its name in the audit."""

    request: Request
    action: str
    question: Question
    selection: Selection
    tally: Tally
    trouble: _Trouble

    @property
    def is_cut_short(self) -> bool:
        return self.request.cancelled and self.tally.remaining > 0

    def final(self) -> Response:
        syntax = self.request.context.transfer_syntax
        return self.tally.final(syntax, cancelled=self.is_cut_short, words=self.trouble.words)


@dataclass(frozen=True, slots=True)
class Retriever:
    """Sends what is stored. `destinations` are the peers that may be named, by AE title."""

    store: Store
    blobs: Blobs
    destinations: Mapping[str, Peer]
    limits: Limits

    async def get(self, request: Request, model: Model) -> Responses:
        """C-GET: on the caller's own association, for the classes that it serves there."""
        try:
            job = await self._begin(request, model, "dicom.get", "")
            for item in job.selection.items:
                if request.cancelled:
                    break
                job.tally.took(item.uid, await self._on_their_own(job, item))
                yield job.tally.pending()
            yield await self._end(job)
        except NotAnswered as reason:
            yield refused(reason)
        except StoreError as error:
            yield unable(error)
        except (AssociationLost, _BrokenOff):
            return

    async def move(self, request: Request, model: Model) -> Responses:
        """C-MOVE: on associations of our own with the destination."""
        try:
            peer = self._destination(request)
            job = await self._begin(request, model, "dicom.move", str(peer))
            for group in _groups(job.selection.items):
                async with aclosing(self._sent(job, peer, group)) as responses:
                    async for response in responses:
                        yield response
            yield await self._end(job)
        except NotAnswered as reason:
            yield refused(reason)
        except StoreError as error:
            yield unable(error)

    def _destination(self, request: Request) -> Peer:
        title = request.command.move_destination
        peer = self.destinations.get(title)
        if peer is None:
            words = f"{title[:16]!r} is no peer of ours that may be sent to"
            raise NotAnswered(Status.MOVE_DESTINATION_UNKNOWN, words)
        return peer

    async def _begin(self, request: Request, model: Model, action: str, to: str) -> _Job:
        """What is named; noted before anything leaves."""
        question = await read_question(request, model)
        require_unique(question)
        index = await self.store.current()
        selection = await index.ask(lambda tables: selected(tables, question))
        tally = Tally(len(selection.items))
        job = _Job(request, action, question, selection, tally, _Trouble())
        await self._note(job, f"{tally.remaining} objects" + (f" to {to}" if to else ""))
        return job

    async def _end(self, job: _Job) -> Response:
        outcome = Outcome.FAILED if job.tally.failed else Outcome.SUCCESS
        await self._note(replace(job, action=f"{job.action}-ended"), job.tally.words, outcome)
        return job.final()

    async def _note(self, job: _Job, detail: str, outcome: Outcome = Outcome.SUCCESS) -> None:
        await self.store.trail.note(
            job.action,
            job.request.association.parties,
            f"{detail}: {job.question.words}",
            outcome=outcome,
            subject=job.selection.subject,
            objects={
                "level": job.question.level.name,
                "study": job.question.single(STUDY_UID),
                "destination": job.request.command.move_destination,
            },
        )

    async def _on_their_own(self, job: _Job, item: Item) -> int | None:
        """Send on the association that asked; None where it has no context for the object."""
        association = job.request.association
        context = next(
            (
                each
                for each in association.contexts.values()
                if each.as_scu
                and each.abstract_syntax == item.sop_class
                and each.transfer_syntax == item.transfer_syntax
            ),
            None,
        )
        if context is None:
            job.trouble.note(f"no context for {item.sop_class} in {item.transfer_syntax}")
            return None
        return await self._send(association, context, item, job.request)

    async def _sent(
        self, job: _Job, peer: Peer, group: Sequence[Item]
    ) -> AsyncGenerator[Response, None]:
        """Send a group, on a further association where one breaks off; what is left has failed."""
        left = list(reversed(group))
        while left and not job.request.cancelled:
            try:
                async with associate(peer, _wanted(left), limits=self.limits) as association:
                    while left and not job.request.cancelled:
                        status = await self._one(association, left[-1], job)
                        job.tally.took(left.pop().uid, status)
                        yield job.tally.pending()
            except _BrokenOff as error:
                job.trouble.note(str(error))
                job.tally.took(left.pop().uid, None)
                yield job.tally.pending()
            except DeviceUnavailable as error:
                job.trouble.note(str(error))
                break
        if not job.request.cancelled:
            for item in reversed(left):
                job.tally.took(item.uid, None)

    async def _one(self, association: Association, item: Item, job: _Job) -> int | None:
        try:
            context = association.context_for(item.sop_class, item.transfer_syntax)
        except ContextRefused as error:
            job.trouble.note(str(error))
            return None
        return await self._send(association, context, item, job.request)

    async def _send(
        self, association: Association, context: Context, item: Item, request: Request
    ) -> int | None:
        """The peer's status; None if our file can't be read, _BrokenOff if not to its end."""
        pieces = aiter(self.blobs.read(item.blob))
        try:
            first = await anext(pieces, b"")
        except StoreError as error:
            log.warning("dicom: %s is not sent: %s", item.uid, error)
            return None
        ours = request.association.parties.calling if request.command.move_destination else ""
        command = Command(
            Operation.C_STORE,
            sop_class=item.sop_class,
            sop_instance=item.uid,
            priority=request.command.priority,
            originator=ours,
            originator_id=request.command.message_id if ours else None,
        )
        try:
            answer = await association.send(command, _whole(first, pieces), context=context)
        except StoreError as error:
            log.warning("dicom: %s is not sent to its end: %s", item.uid, error)
            words = f"our file of {item.uid} can't be read to its end"
            association.abort(words)
            raise _BrokenOff(words) from error
        return answer.status


async def _whole(first: bytes, rest: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield first
    async for piece in rest:
        yield piece


def _groups(items: Sequence[Item]) -> Iterator[Sequence[Item]]:
    """As many objects as the presentation contexts of one association are enough for."""
    group: list[Item] = []
    kinds: set[tuple[str, str]] = set()
    for item in items:
        kind = (item.sop_class, item.transfer_syntax)
        if kind not in kinds and len(kinds) == MOST_CONTEXTS:
            yield group
            group, kinds = [], set()
        kinds.add(kind)
        group.append(item)
    if group:
        yield group


def _wanted(items: Sequence[Item]) -> list[Wanted]:
    kinds = dict.fromkeys((item.sop_class, item.transfer_syntax) for item in items)
    return [Wanted(sop_class, (syntax,)) for sop_class, syntax in kinds]


def destinations(peers: Iterable[Peer]) -> Mapping[str, Peer]:
    """Peers by the AE title that a C-MOVE names; a title that two have names neither."""
    known = list(peers)
    counts = Counter(peer.title for peer in known)
    return {peer.title: peer for peer in known if counts[peer.title] == 1}
