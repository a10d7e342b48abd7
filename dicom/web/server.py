"""The service as a whole, for the room."""

from __future__ import annotations

from collections.abc import Iterable

from starlette.routing import BaseRoute

from dicom.asker import Trail
from dicom.node import Node, private_of
from dicom.options import DicomOptions
from dicom.query.find import Store
from dicom.view import Viewer
from dicom.web.retrieve import Retrievals
from dicom.web.search import Searches
from dicom.web.store import Stores
from gateway.room import PageKit, RoomContext

BASE = "/api/v1/dicomweb"


class Server:
    """DICOMweb under `BASE`. What is stored is stored in the name of one of our titles."""

    def __init__(
        self, options: DicomOptions, context: RoomContext, node: Node, viewer: Viewer
    ) -> None:
        store = Store(node.index, context.ports, Trail(context.audit))
        title = options.web.title or next(iter(options.titles))
        rules = options.titles[title]
        self._parts = (
            Searches(BASE, store),
            Stores(
                BASE,
                node.storage,
                context.audit,
                title,
                private_of(rules),
                rules.undeclared_charset,
            ),
            Retrievals(BASE, store, node.blobs, viewer),
        )

    def routes(self, _kit: PageKit) -> Iterable[BaseRoute]:
        return [route for part in self._parts for route in part.routes()]
