"""The node over HTTP: how it is, whether its store is whole, whether a peer answers."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import orjson
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from dicom.conformance import as_json, document, statement_of
from dicom.node import Node
from dicom.storage.verify import orphans, verify
from gateway import ConfigError, DeviceUnavailable
from gateway.room import PageKit, Permission, RoomPorts, access

PREFIX = "/api/v1/dicom"
_MOST = 5000
_STEP = 500


class Api:
    """The routes of one node."""

    def __init__(self, node: Node, ports: RoomPorts) -> None:
        self._node, self._ports = node, ports

    def routes(self, _kit: PageKit) -> Iterable[BaseRoute]:
        return (
            Route(PREFIX, self.status, methods=["GET"]),
            Route(f"{PREFIX}/conformance", self.conformance, methods=["GET"]),
            Route(f"{PREFIX}/verify", self.verify, methods=["POST"]),
            Route(f"{PREFIX}/orphans", self.orphans, methods=["POST"]),
            Route(f"{PREFIX}/peers/{{name}}/echo", self.echo, methods=["POST"]),
        )

    @access(Permission.READ_SITE)
    async def status(self, _request: Request) -> Response:
        """Ports, associations and totals."""
        node = self._node
        totals = await node.index.totals()
        return _json(
            {
                "ports": node.acceptor.ports,
                "titles": list(node.acceptor.titles),
                "associations": [
                    {
                        "calling": each.parties.calling,
                        "called": each.parties.called,
                        "address": each.parties.address,
                        "activity": each.activity,
                        "received": each.bytes_received,
                        "sent": each.bytes_sent,
                    }
                    for each in node.acceptor.associations
                ],
                "silent": node.acceptor.callers,
                "instances": totals.instances,
                "bytes": totals.bytes,
                "refused": node.storage.refusals.count,
                "peers": list(node.peers),
            }
        )

    @access(Permission.READ_SITE)
    async def conformance(self, request: Request) -> Response:
        """The conformance statement of this node; `?format=markdown` as a document."""
        stated = statement_of(self._node.acceptor)
        if request.query_params.get("format") == "markdown":
            return Response(document(stated), media_type="text/markdown; charset=utf-8")
        return _json({**as_json(stated), "document": document(stated)})

    @access(Permission.CONFIGURE)
    async def verify(self, request: Request) -> Response:
        """Hash some of the files again: `after` a seq, at most `limit`; `next` is the next one."""
        query = request.query_params
        after, limit = _number(query.get("after"), 0), _number(query.get("limit"), _STEP)
        if not after:
            await self._node.index.reached(self._ports.last_seq)
        checked = await verify(
            self._node.index, self._node.blobs, after=after, limit=min(max(limit, 1), _MOST)
        )
        damaged = [
            {
                "sop_instance": each.stored.uid,
                "file": each.stored.blob.path,
                "seq": each.stored.seq,
                "what": each.words,
            }
            for each in checked.damaged
        ]
        return _json(
            {
                "objects": checked.objects,
                "bytes": checked.bytes,
                "damaged": damaged,
                "next": checked.next,
            }
        )

    @access(Permission.CONFIGURE)
    async def orphans(self, _request: Request) -> Response:
        """Digests of files that no event names."""
        await self._node.index.reached(self._ports.last_seq)
        return _json({"orphans": await orphans(self._node.index, self._node.blobs)})

    @access(Permission.CONFIGURE)
    async def echo(self, request: Request) -> Response:
        """C-ECHO to a peer of devices.yaml; 502 says why it does not answer."""
        try:
            seconds = await self._node.echo(request.path_params["name"])
        except ConfigError as error:
            raise HTTPException(404, str(error)) from None
        except DeviceUnavailable as error:
            raise HTTPException(502, str(error)) from None
        return _json({"seconds": seconds})


def _json(value: Any) -> Response:
    return Response(orjson.dumps(value), media_type="application/json")


def _number(text: str | None, default: int) -> int:
    if text is None:
        return default
    if not (text.isascii() and text.isdigit() and len(text) < 20):  # noqa: PLR2004 - a 64-bit seq
        raise HTTPException(422, f"{text[:40]!r} is no number")
    return int(text)
