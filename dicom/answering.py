"""What answers peers beside storage: queries and retrievals, the worklist, performed steps."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from dicom.asker import Trail
from dicom.dimse import Service
from dicom.mpps.service import StepKeeper
from dicom.mpps.steps import PerformedSteps
from dicom.options import DicomOptions, TitleOptions
from dicom.query.find import Finder
from dicom.query.retrieve import Retriever
from dicom.query.service import carrier, query_services
from dicom.storage.object import Origin
from dicom.worklist.board import Board
from dicom.worklist.find import Worklist
from dicom.worklist.options import WorklistOptions
from gateway.room import RoomContext

STEPS = Path("store") / "performed-steps.sqlite"


@dataclass(frozen=True, slots=True)
class Answering:
    """One for all titles; each offers what its options list."""

    retriever: Retriever
    board: Board
    trail: Trail
    steps: PerformedSteps
    keeper: StepKeeper

    @classmethod
    @asynccontextmanager
    async def open(
        cls,
        context: RoomContext,
        retriever: Retriever,
        device_of: Callable[[Origin], str],
    ) -> AsyncIterator[Answering]:
        """Open the tables of performed steps; the rest has none of its own."""
        async with PerformedSteps.open(context.data / STEPS, context.ring) as steps:
            board = Board(context, steps)
            keeper = StepKeeper(
                context.site.id, context.clock, context.ports, steps, board, device_of
            )
            yield cls(retriever, board, retriever.store.trail, steps, keeper)

    @staticmethod
    def window(options: DicomOptions) -> WorklistOptions:
        """The days that the first title with a worklist shows; the default without one."""
        titles = (each for each in options.titles.values() if "worklist" in each.services)
        return next((each.worklist for each in titles), WorklistOptions())

    def services(self, options: TitleOptions) -> Iterator[Service]:
        """Those of one title."""
        if "query" in options.services:
            yield carrier(self.retriever.store.index)
            yield from query_services(Finder(self.retriever.store, options.answers), self.retriever)
        if "worklist" in options.services:
            yield Worklist(self.board, self.trail, options.worklist, options.answers).service()
        if "mpps" in options.services:
            yield self.keeper.service(options.worklist)
