"""The node over HTTP: how it is, whether its store is whole, whether a peer answers."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any

from fastapi import Query
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import BaseRoute

from dicom.conformance import as_json, document, statement_of
from dicom.dimse import Association
from dicom.node import Node
from dicom.storage.verify import Damage, orphans, verify
from gateway import ConfigError, DeviceUnavailable
from gateway.room import PageKit, Permission, RoomPorts, access
from gateway.room.document import Document
from gateway.room.route import MOST, PREFIX, answer, route

_PATH = f"{PREFIX}/dicom"
_MOST = 5000
_STEP = 500
_Count = Annotated[int, Query(ge=0, le=MOST)]


class AssociationItem(Document):
    """An association that is open; `received` and `sent` are bytes."""

    calling: str
    called: str
    address: str
    activity: str
    received: int
    sent: int


class NodeStatus(Document):
    """`silent` counts connections that ask for no association yet, `refused` objects."""

    ports: list[int]
    titles: list[str]
    associations: list[AssociationItem]
    silent: int
    instances: int
    bytes: int
    refused: int
    peers: list[str]


class DamagedFile(Document):
    sop_instance: str
    file: str
    seq: int
    what: str


class Verified(Document):
    """One step of a verification; `next` is the `after` of the next one, or null at the end."""

    objects: int
    bytes: int
    damaged: list[DamagedFile]
    next: int | None


class Orphans(Document):
    orphans: list[str]


class Echo(Document):
    """How long association and answer took."""

    seconds: float


class Api:
    """The routes of one node."""

    def __init__(self, node: Node, ports: RoomPorts) -> None:
        self._node, self._ports = node, ports

    def routes(self, _kit: PageKit) -> Iterable[BaseRoute]:
        post, peers = "POST", f"{_PATH}/peers/{{name}}"
        return (
            route(_PATH, self.status, NodeStatus),
            route(f"{_PATH}/conformance", self.conformance, dict[str, Any], text="text/markdown"),
            route(f"{_PATH}/verify", self.verify, Verified, method=post),
            route(f"{_PATH}/orphans", self.orphans, Orphans, method=post),
            route(f"{peers}/echo", self.echo, Echo, method=post, refusals=(404, 502)),
        )

    @access(Permission.READ_SITE)
    async def status(self) -> Response:
        """Ports, associations and totals."""
        node = self._node
        totals = await node.index.totals()
        return answer(
            NodeStatus(
                ports=list(node.acceptor.ports),
                titles=list(node.acceptor.titles),
                associations=[_association(each) for each in node.acceptor.associations],
                silent=node.acceptor.callers,
                instances=totals.instances,
                bytes=totals.bytes,
                refused=node.storage.refusals.count,
                peers=list(node.peers),
            )
        )

    @access(Permission.READ_SITE)
    async def conformance(
        self,
        format: Annotated[str, Query(description="`markdown`: as a document")] = "",  # noqa: A002 - a query parameter
    ) -> Response:
        """The conformance statement of this node."""
        stated = statement_of(self._node.acceptor)
        if format == "markdown":
            return Response(document(stated), media_type="text/markdown; charset=utf-8")
        return answer({**as_json(stated), "document": document(stated)})

    @access(Permission.CONFIGURE)
    async def verify(self, after: _Count = 0, limit: _Count = _STEP) -> Response:
        """Hash some of the files again: those after a seq, 5000 at most."""
        if not after:
            await self._node.index.reached(self._ports.last_seq)
        checked = await verify(
            self._node.index, self._node.blobs, after=after, limit=min(max(limit, 1), _MOST)
        )
        return answer(
            Verified(
                objects=checked.objects,
                bytes=checked.bytes,
                damaged=[_damaged(each) for each in checked.damaged],
                next=checked.next,
            )
        )

    @access(Permission.CONFIGURE)
    async def orphans(self) -> Response:
        """Digests of files that no event names."""
        await self._node.index.reached(self._ports.last_seq)
        return answer(Orphans(orphans=list(await orphans(self._node.index, self._node.blobs))))

    @access(Permission.CONFIGURE)
    async def echo(self, name: str) -> Response:
        """C-ECHO to a peer of devices.yaml; 502 says why it does not answer."""
        try:
            seconds = await self._node.echo(name)
        except ConfigError as error:
            raise HTTPException(404, str(error)) from None
        except DeviceUnavailable as error:
            raise HTTPException(502, str(error)) from None
        return answer(Echo(seconds=seconds))


def _association(each: Association) -> AssociationItem:
    return AssociationItem(
        calling=each.parties.calling,
        called=each.parties.called,
        address=each.parties.address,
        activity=each.activity,
        received=each.bytes_received,
        sent=each.bytes_sent,
    )


def _damaged(each: Damage) -> DamagedFile:
    return DamagedFile(
        sop_instance=each.stored.uid,
        file=each.blob.path,
        seq=each.stored.seq,
        what=each.words,
    )
