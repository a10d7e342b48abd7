"""What answers the questions of peers: queries and retrievals, the worklist."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from dicom.asker import Trail
from dicom.dimse import Limits, Peer, Service
from dicom.options import TitleOptions
from dicom.query.find import Finder, Store
from dicom.query.retrieve import Retriever, destinations
from dicom.query.service import query_services
from dicom.storage.blobs import Blobs
from dicom.storage.index import Index
from dicom.worklist.board import Board
from dicom.worklist.find import Worklist
from gateway.room import RoomContext


@dataclass(frozen=True, slots=True)
class Answering:
    """One for all titles; each offers what its options list."""

    retriever: Retriever
    board: Board
    trail: Trail

    @classmethod
    def of(
        cls,
        context: RoomContext,
        index: Index,
        blobs: Blobs,
        peers: Mapping[str, Peer],
        limits: Limits,
    ) -> Answering:
        trail = Trail(context.audit)
        store = Store(index, context.ports, trail)
        retriever = Retriever(store, blobs, destinations(peers.values()), limits)
        return cls(retriever, Board(context), trail)

    def services(self, options: TitleOptions) -> Iterator[Service]:
        """Those of one title."""
        if "query" in options.services:
            yield from query_services(Finder(self.retriever.store, options.answers), self.retriever)
        if "worklist" in options.services:
            yield Worklist(self.board, self.trail, options.worklist, options.answers).service()
