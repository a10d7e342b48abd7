"""The DICOM node as a room: open where devices.yaml has a section `dicom`."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from dicom.api import Api
from dicom.node import open_node
from dicom.options import DicomOptions
from gateway.room import Room, RoomContext, Running


@asynccontextmanager
async def _open(context: RoomContext) -> AsyncIterator[Running]:
    section = context.section
    assert isinstance(section, DicomOptions)  # noqa: S101 - the room's own section
    async with open_node(section, context) as node:
        yield Running(
            subscribers=(node.index,),
            services=(node,),
            jobs={"listen": node.listen},
            routes=Api(node, context.ports).routes,
        )


room = Room(name="dicom", open=_open, section=DicomOptions)
