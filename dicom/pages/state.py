"""The node itself: who is connected, whom it knows, what it holds, what contradicts."""

from __future__ import annotations

from collections.abc import Iterable

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from dicom.forward.forwarding import Forwarding
from dicom.node import Node
from dicom.pages.names import CLASHES, size
from dicom.watch.watch import PeerState, Watch
from gateway.room import PageKit, Permission, Tile, access, principal

_CONFLICTS = 100


class NodePages:
    """The node's page, and calling a peer from it."""

    def __init__(self, kit: PageKit, node: Node, watch: Watch, forwarding: Forwarding) -> None:
        self._kit, self._node = kit, node
        self._watch, self._forwarding = watch, forwarding

    def routes(self) -> Iterable[BaseRoute]:
        return [
            Route("/dicom", self.node, methods=["GET"]),
            Route("/dicom/conflicts", self.conflicts, methods=["GET"]),
            Route("/dicom/peers/{name}/echo", self.echo, methods=["POST"]),
        ]

    @access(Permission.READ_SITE)
    async def node(self, request: Request) -> Response:
        """Without anything of a patient: titles, addresses, counts."""
        node, who = self._node, principal(request)
        totals = await node.index.totals()
        open_ = node.acceptor.associations
        return self._kit.page(
            request,
            "dicom/node.html",
            tiles=_tiles(len(open_), totals.instances, totals.bytes, node.storage.refusals.count),
            associations=open_,
            peers=self._watch.peers(),
            queues=await self._forwarding.queues(),
            titles=list(node.acceptor.titles),
            ports=node.acceptor.ports,
            may_call=who.may(Permission.CONFIGURE),
            may_see=who.may(Permission.READ_IMAGES),
            size=size,
        )

    @access(Permission.READ_IMAGES)
    async def conflicts(self, request: Request) -> Response:
        every = await self._node.index.conflicts(_CONFLICTS)
        found = await self._node.seen.conflicts(principal(request), every)
        return self._kit.page(request, "dicom/conflicts.html", conflicts=found, clashes=CLASHES)

    @access(Permission.CONFIGURE)
    async def echo(self, request: Request) -> Response:
        """C-ECHO; what came of it stands on the page."""
        name = request.path_params["name"]
        if name not in self._node.peers:
            raise HTTPException(404, "no such peer in devices.yaml")
        found = await self._watch.look(name)
        if found.state is PeerState.UP:
            return self._kit.done(request, "/dicom", "%(peer)s answered.", peer=name)
        return self._kit.done(request, "/dicom", "%(peer)s did not answer.", peer=name)


def _tiles(associations: int, instances: int, stored: int, refused: int) -> list[Tile]:
    return [
        Tile({"en": "Associations now", "zh-CN": "当前关联"}, str(associations)),
        Tile({"en": "Objects", "zh-CN": "对象"}, f"{instances:,}"),
        Tile({"en": "Datasets", "zh-CN": "数据量"}, size(stored)),
        Tile({"en": "Refused since start", "zh-CN": "启动以来拒收"}, f"{refused:,}"),
    ]
