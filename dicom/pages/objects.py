"""One object: what it is, whence it came, what is in it, and its picture."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from dicom.forward.forwarding import Forwarding
from dicom.node import Node
from dicom.pages.names import CLASHES, kind, person, size
from dicom.storage.classes import name_of
from dicom.storage.object import StoredObject
from dicom.view import Look, Picture, Row, Unviewable, Viewer
from dicom.view.colours import hex_stops
from dicom.view.words import ends
from gateway.room import PageKit, Permission, about, access, principal

_MARKS = 5
_LONGEST = 16


@dataclass(frozen=True, slots=True)
class Shown:
    """A picture as the page offers it: the frame, the window, and their ends."""

    look: Look
    frame: int
    center: float
    width: float

    @property
    def query(self) -> str:
        """The picture's own query, so that an address always shows the same."""
        if self.look.kind != "grey":
            return f"frame={self.frame}"
        return f"frame={self.frame}&center={self.center:g}&width={self.width:g}"

    @property
    def marks(self) -> Sequence[str]:
        """Values beside a scale of colours, highest first."""
        step = self.look.high / (_MARKS - 1)
        return [f"{step * place:.3g}" for place in reversed(range(_MARKS))]


class ObjectPages:
    """The page of an object and its picture."""

    def __init__(self, kit: PageKit, node: Node, viewer: Viewer, forwarding: Forwarding) -> None:
        self._kit, self._node, self._viewer = kit, node, viewer
        self._forwarding = forwarding

    def routes(self) -> Iterable[BaseRoute]:
        return [
            Route("/objects/{uid}", self.object, methods=["GET"]),
            Route("/objects/{uid}/picture.png", self.picture, methods=["GET"]),
        ]

    @access(Permission.READ_IMAGES)
    async def object(self, request: Request) -> Response:
        """`?version=` of a digest shows another object of the same UID, or one as it was sent."""
        versions = await self._versions(request)
        stored = _chosen(versions, request)
        rows, cut, unread = await self._attributes(stored)
        shown, unseen = await self._shown(stored, request)
        attributes = stored.attributes
        return self._kit.page(
            request,
            "dicom/object.html",
            stored=stored,
            name=person(attributes.text("PatientName"), self._kit.reader(request).language),
            kind=kind(attributes.sop_class),
            syntax=name_of(stored.origin.transfer_syntax),
            size=size,
            versions=versions,
            sent_as_is=stored not in versions,
            conflicts=await self._node.index.conflicts_of(stored.uid),
            clashes=CLASHES,
            ways=await self._forwarding.of_object(stored.uid),
            rows=rows,
            cut=cut,
            unread=unread,
            shown=shown,
            unseen=unseen,
            stops=hex_stops(),
        )

    @access(Permission.READ_IMAGES)
    async def picture(self, request: Request) -> Response:
        """PNG; 415 says in words why there is none."""
        stored = _chosen(await self._versions(request), request)
        try:
            png = await self._viewer.picture(stored.blob, _picture(request))
        except Unviewable as error:
            raise HTTPException(415, str(error)) from None
        return Response(png, media_type="image/png")

    async def _versions(self, request: Request) -> Sequence[StoredObject]:
        found = await self._node.index.versions(request.path_params["uid"])
        versions = await self._node.seen.objects(principal(request), found)
        if not versions:
            raise HTTPException(404, "no such object")
        first = versions[0].attributes
        about(request, subject=first.patient, object=first.sop_instance)
        return versions

    async def _attributes(
        self, stored: StoredObject
    ) -> tuple[Sequence[Row], bool, Unviewable | None]:
        try:
            found = await self._viewer.attributes(stored.blob, stored.attributes.charset)
        except Unviewable as error:
            return (), False, error
        return found.rows, found.cut, None

    async def _shown(
        self, stored: StoredObject, request: Request
    ) -> tuple[Shown | None, Unviewable | None]:
        try:
            look = await self._viewer.look(stored.blob)
        except Unviewable as error:
            return None, error
        frame = min(_frame(request) or look.frame, look.frames)
        return Shown(look, frame, *(_window(request) or look.window)), None


def _chosen(versions: Sequence[StoredObject], request: Request) -> StoredObject:
    wanted = request.query_params.get("version", "")
    if not wanted:
        return versions[0]
    for each in versions:
        if each.blob.digest == wanted:
            return each
        if each.as_sent.blob.digest == wanted:
            return each.as_sent
    raise HTTPException(404, "no such version of this object")


def _frame(request: Request) -> int:
    """The frame asked for, from 1; 0 for none."""
    text = request.query_params.get("frame", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < _LONGEST else 0


def _window(request: Request) -> tuple[float, float] | None:
    """Center and width, if both are numbers and a window can be so wide."""
    center, width = (_number(request, name) for name in ("center", "width"))
    return (center, width) if center is not None and width is not None and width >= 1 else None


def _picture(request: Request) -> Picture:
    window = _window(request)
    low, high = (None, None) if window is None else ends(*window)
    return Picture(_frame(request), low, high)


def _number(request: Request, name: str) -> float | None:
    try:
        number = float(request.query_params.get(name, "")[:_LONGEST])
    except ValueError:
        return None
    return number if math.isfinite(number) else None
