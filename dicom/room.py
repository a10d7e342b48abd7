"""The DICOM node as a room: open where devices.yaml has a section `dicom`."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Mapping
from contextlib import asynccontextmanager
from typing import Any

from starlette.routing import BaseRoute

from dicom.api import Api
from dicom.forward.entry import State
from dicom.inbox import Inbox
from dicom.mpps.link import Against, How
from dicom.mpps.said import State as StepState
from dicom.node import Node, open_node
from dicom.options import DicomOptions
from dicom.outward import open_outward
from dicom.pages import CLASHES, Pages
from dicom.quiet import keep_values_out_of_the_log
from dicom.retention.rules import Kept
from dicom.services import Frames, Objects
from dicom.telling import TELLS
from dicom.view import Unseen, Viewer
from dicom.watch.watch import PeerState
from dicom.web.server import Server, taking_of
from dicom.worklist.step import Lack
from gateway.room import Area, Entry, PageKit, Permission, Room, RoomContext, Running


@asynccontextmanager
async def _open(context: RoomContext) -> AsyncIterator[Running]:
    section = context.section
    assert isinstance(section, DicomOptions)  # noqa: S101 - the room's own section
    keep_values_out_of_the_log()
    async with (
        open_node(section, context) as node,
        open_outward(section, context, node) as outward,
        Viewer.open(node.blobs) as viewer,
    ):
        keeping = node.keeping
        api, pages = Api(node, context.ports), Pages(node, outward, viewer, context)
        web = Server(section, context, node, viewer)

        def routes(kit: PageKit) -> Iterable[BaseRoute]:
            return (
                *api.routes(kit),
                *keeping.routes(),
                *outward.routes(kit),
                *web.routes(kit),
                *pages.routes(kit),
            )

        yield Running(
            subscribers=(
                node.index,
                node.answering.steps,
                *keeping.subscribers,
                outward.forwarding,
            ),
            services=(
                node,
                *keeping.services,
                outward.watch,
                outward.asking,
                web.peers,
                Objects(node.index, node.blobs, node.storage, keeping.title),
                Frames(viewer),
            ),
            jobs={"listen": node.listen, **keeping.jobs, **outward.jobs, **_inbox(section, node)},
            routes=routes,
            glance=pages.glance,
            find=pages.find,
        )


def _inbox(
    options: DicomOptions, node: Node
) -> Mapping[str, Callable[[], Coroutine[Any, Any, None]]]:
    """The job of the watched folder, if there is one."""
    wanted = options.inbox
    if wanted is None:
        return {}
    inbox = Inbox(wanted.folder, wanted.every, wanted.sender, node.storage, taking_of(options))
    return {"inbox": inbox.run}


room = Room(
    name="dicom",
    open=_open,
    section=DicomOptions,
    package="dicom",
    tells=TELLS,
    navigation=(
        Entry(
            "/studies",
            {"en": "Images and plans", "zh-CN": "影像与计划"},
            Permission.READ_IMAGES,
            140,
            Area.PATIENTS,
            "image",
            ("/objects", "/dicom/conflicts"),
        ),
        Entry(
            "/worklist",
            {"en": "Worklist", "zh-CN": "设备工作列表"},
            Permission.READ_PATIENTS,
            150,
            Area.PATIENTS,
            "paper",
        ),
        Entry(
            "/dicom",
            {"en": "DICOM node", "zh-CN": "DICOM 节点"},
            Permission.READ_SITE,
            220,
            Area.DEVICES,
            "archive",
        ),
    ),
    words={
        "unseen": tuple(Unseen),
        "clash": tuple(CLASHES.values()),
        "queue": tuple(State),
        "peer": tuple(PeerState),
        "scheduled": ("SCHEDULED", "ARRIVED", "STARTED"),
        "performed": tuple(StepState),
        "link": tuple(How),
        "against": tuple(Against),
        "lack": tuple(Lack),
        "kept": tuple(Kept),
    },
)
