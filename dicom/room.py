"""The DICOM node as a room: open where devices.yaml has a section `dicom`."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from dicom.api import Api
from dicom.node import open_node
from dicom.options import DicomOptions
from dicom.outward import open_outward
from dicom.services import Objects
from gateway.room import Room, RoomContext, Running


@asynccontextmanager
async def _open(context: RoomContext) -> AsyncIterator[Running]:
    section = context.section
    assert isinstance(section, DicomOptions)  # noqa: S101 - the room's own section
    async with (
        open_node(section, context) as node,
        open_outward(section, context, node) as outward,
    ):
        api = Api(node, context.ports)
        yield Running(
            subscribers=(node.index, outward.forwarding),
            services=(node, outward.watch, Objects(node.index, node.blobs)),
            jobs={"listen": node.listen, **outward.jobs},
            routes=lambda kit: (*api.routes(kit), *outward.routes(kit)),
        )


room = Room(name="dicom", open=_open, section=DicomOptions)
