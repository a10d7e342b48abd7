"""The service as a whole, for the room."""

from __future__ import annotations

from collections.abc import Iterable

from starlette.routing import BaseRoute

from dicom.asker import Trail
from dicom.node import Node, private_of
from dicom.options import DicomOptions, WebPeerOptions
from dicom.query.find import Store
from dicom.view import Viewer
from dicom.web.arrival import Taking
from dicom.web.client import WebPeer
from dicom.web.peer_api import WebPeersApi
from dicom.web.peers import WebPeers
from dicom.web.retrieve import Retrievals
from dicom.web.search import Searches
from dicom.web.store import Stores
from gateway.room import PageKit, RoomContext

BASE = "/api/v1/dicomweb"


class Server:
    """DICOMweb under `BASE`. What is stored is stored in the name of one of our titles.

    `peers` are the servers that we ask.
    """

    def __init__(
        self, options: DicomOptions, context: RoomContext, node: Node, viewer: Viewer
    ) -> None:
        store = Store(node.index, context.ports, Trail(context.audit))
        taking = taking_of(options)
        self.peers = WebPeers(servers_of(options), node.storage, node.blobs, taking)
        self._parts = (
            Searches(BASE, store, node.seen),
            Stores(BASE, node.storage, context.audit, taking),
            Retrievals(BASE, store, node.seen, node.blobs, viewer),
            WebPeersApi(self.peers, node.seen, context.audit),
        )

    def routes(self, _kit: PageKit) -> Iterable[BaseRoute]:
        return [route for part in self._parts for route in part.routes()]


def taking_of(options: DicomOptions) -> Taking:
    """By which rules objects are taken that no association brought."""
    title = options.web.title or next(iter(options.titles))
    rules = options.titles[title]
    return Taking(title, private_of(rules), rules.undeclared_charset)


def servers_of(options: DicomOptions) -> dict[str, WebPeer]:
    """The DICOMweb servers of devices.yaml, by name."""
    return {name: _peer(name, each) for name, each in options.web.peers.items()}


def _peer(name: str, options: WebPeerOptions) -> WebPeer:
    return WebPeer(
        name,
        options.url,
        options.token.get_secret_value() if options.token is not None else "",
        options.user,
        options.password.get_secret_value() if options.password is not None else "",
        options.ca,
        options.certificate,
        options.key,
    )
