"""The node itself: who is connected, whom it knows, what it holds, what contradicts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from dicom.node import Node
from dicom.pages.names import CLASHES, size
from gateway import Clock, ConfigError, DeviceUnavailable, Instant
from gateway.room import PageKit, Permission, Tile, access, principal

_CONFLICTS = 100


@dataclass(frozen=True, slots=True)
class Heard:
    """What came of calling a peer: seconds, or why it did not answer."""

    at: Instant
    seconds: float = 0.0
    reason: str = ""

    @property
    def milliseconds(self) -> str:
        return f"{self.seconds * 1000:.1f}"


class NodePages:
    """The node's page, and calling a peer from it."""

    def __init__(self, kit: PageKit, node: Node, clock: Clock, heard: dict[str, Heard]) -> None:
        self._kit, self._node, self._clock, self._heard = kit, node, clock, heard

    def routes(self) -> Iterable[BaseRoute]:
        return [
            Route("/dicom", self.node, methods=["GET"]),
            Route("/dicom/conflicts", self.conflicts, methods=["GET"]),
            Route("/dicom/peers/{name}/echo", self.echo, methods=["POST"]),
        ]

    @access(Permission.READ_SITE)
    async def node(self, request: Request) -> Response:
        """Without anything of a patient: titles, addresses, counts."""
        node = self._node
        totals = await node.index.totals()
        open_ = node.acceptor.associations
        return self._kit.page(
            request,
            "dicom/node.html",
            tiles=_tiles(len(open_), totals.instances, totals.bytes, node.storage.refusals.count),
            associations=open_,
            peers=self._peers(),
            titles=list(node.acceptor.titles),
            ports=node.acceptor.ports,
            may_call=principal(request).may(Permission.CONFIGURE),
            may_see=principal(request).may(Permission.READ_IMAGES),
            size=size,
        )

    @access(Permission.READ_IMAGES)
    async def conflicts(self, request: Request) -> Response:
        found = await self._node.index.conflicts(_CONFLICTS)
        return self._kit.page(request, "dicom/conflicts.html", conflicts=found, clashes=CLASHES)

    @access(Permission.CONFIGURE)
    async def echo(self, request: Request) -> Response:
        """C-ECHO; what came of it stands on the page."""
        name = request.path_params["name"]
        at = self._clock.now()
        try:
            seconds = await self._node.echo(name)
        except (ConfigError, DeviceUnavailable) as error:
            self._heard[name] = Heard(at, reason=str(error))
            return self._kit.done(request, "/dicom", "%(peer)s did not answer.", peer=name)
        self._heard[name] = Heard(at, seconds)
        return self._kit.done(request, "/dicom", "%(peer)s answered.", peer=name)

    def _peers(self) -> list[Mapping[str, object]]:
        return [
            {"name": name, "peer": peer, "heard": self._heard.get(name)}
            for name, peer in self._node.peers.items()
        ]


def _tiles(associations: int, instances: int, stored: int, refused: int) -> list[Tile]:
    return [
        Tile({"en": "Associations now", "zh-CN": "当前关联"}, str(associations)),
        Tile({"en": "Objects", "zh-CN": "对象"}, f"{instances:,}"),
        Tile({"en": "Datasets", "zh-CN": "数据量"}, size(stored)),
        Tile({"en": "Refused since start", "zh-CN": "启动以来拒收"}, f"{refused:,}"),
    ]
