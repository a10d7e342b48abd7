"""The engine and its service, put together."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from dicom.asker import Trail
from dicom.dimse import Service
from dicom.reports import Reporter
from dicom.ups import engine as engine_of
from dicom.ups.channels import Channels
from dicom.ups.engine import Engine
from dicom.ups.options import UpsOptions
from dicom.ups.seen import SeenItems
from dicom.ups.service import Ups
from dicom.ups.subscriptions import Subscriptions
from gateway.room import RoomContext


@dataclass(frozen=True, slots=True)
class UpsPart:
    """The work items of the node, and the service of titles that have it."""

    engine: Engine
    subscriptions: Subscriptions
    service: Service
    seen: SeenItems

    @property
    def channels(self) -> Channels:
        return self.engine.items.channels


@asynccontextmanager
async def opened(
    context: RoomContext, options: UpsOptions, reporter: Reporter, seen: SeenItems
) -> AsyncIterator[UpsPart]:
    """Open the tables; StoreError if the disk can't."""
    async with engine_of.opened(context, options, reporter) as engine:
        subscriptions = Subscriptions(engine)
        ups = Ups(engine, subscriptions, Trail(context.audit))
        yield UpsPart(engine, subscriptions, ups.service(), seen)
