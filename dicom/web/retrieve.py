"""WADO-RS: objects as they are stored, their metadata, bulk data and pictures (PS3.18 10.4)."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Iterable, Sequence

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import BaseRoute, Route

from dicom.query.find import Store
from dicom.seen import SeenStudies
from dicom.storage.blobs import Blobs
from dicom.storage.object import StoredObject
from dicom.view import Picture, Unseen, Unviewable, Viewer
from dicom.view.words import ends
from dicom.web.media import (
    DICOM,
    JSON,
    OCTETS,
    PLAIN_JSON,
    PNG,
    MediaType,
    accepted,
    parts_of,
    takes,
)
from dicom.web.multipart import Writer
from dicom.web.question import tag_of
from dicom.web.search import origin
from gateway.room import Permission, about, access, principal

_MOST_METADATA = 2000
_ANY = "*"
_WINDOW = 3
_STATUS = {Unseen.NO_FRAME: 404, Unseen.NO_PIXELS: 404, Unseen.NO_VALUE: 404}


class Retrievals:
    """What can be fetched. `base` is the path of the service."""

    def __init__(
        self, base: str, store: Store, seen: SeenStudies, blobs: Blobs, viewer: Viewer
    ) -> None:
        self._base, self._store, self._studies = base, store, seen
        self._blobs, self._viewer = blobs, viewer

    def routes(self) -> Iterable[BaseRoute]:
        study = f"{self._base}/studies/{{study}}"
        series = f"{study}/series/{{series}}"
        instance = f"{series}/instances/{{instance}}"
        found: list[BaseRoute] = []
        for path in (study, series, instance):
            found.append(Route(path, self.objects, methods=["GET"]))
            found.append(Route(f"{path}/metadata", self.metadata, methods=["GET"]))
        return [
            *found,
            Route(f"{instance}/rendered", self.rendered, methods=["GET"]),
            Route(f"{instance}/frames/{{frame}}/rendered", self.rendered, methods=["GET"]),
            Route(f"{instance}/bulkdata/{{tag}}", self.bulk, methods=["GET"]),
        ]

    @access(Permission.READ_IMAGES)
    async def objects(self, request: Request) -> Response:
        """Part 10 files, each in the transfer syntax in which it came."""
        found = await self._named(request)
        types = accepted(request.headers.get("accept", ""))
        parts = [each for each in parts_of(types) if each.name in (DICOM, "*/*", "application/*")]
        if len(found) == 1 and not parts and takes(types, DICOM):
            _require_syntax(found, types)
            kind = _kind(found[0])
            return StreamingResponse(self._blobs.read(found[0].blob, whole=True), media_type=kind)
        if not parts and not takes(types, DICOM):
            raise HTTPException(406, f'objects are given as multipart/related; type="{DICOM}"')
        _require_syntax(found, parts or types)
        writer = Writer(DICOM)
        return StreamingResponse(self._files(found, writer), media_type=writer.content_type)

    @access(Permission.READ_IMAGES)
    async def metadata(self, request: Request) -> Response:
        """All attributes but long binary values, of which it says where they are."""
        found = await self._named(request)
        if not takes(accepted(request.headers.get("accept", "")), JSON, PLAIN_JSON):
            raise HTTPException(406, f"metadata are given as {JSON}")
        if len(found) > _MOST_METADATA:
            raise HTTPException(413, f"more than {_MOST_METADATA} objects: ask by series")
        start = origin(request) + self._base
        pieces = [
            await self._seen(
                self._viewer.metadata(each.blob, f"{start}{_path(each)}", each.attributes.charset)
            )
            for each in found
        ]
        return Response(b"[" + b",".join(pieces) + b"]", media_type=JSON)

    @access(Permission.READ_IMAGES)
    async def rendered(self, request: Request) -> Response:
        """A frame as PNG, in the window asked for or in that of the object."""
        (stored,) = await self._named(request)
        if not takes(accepted(request.headers.get("accept", "")), PNG):
            raise HTTPException(406, f"pictures are given as {PNG}")
        frame = request.path_params.get("frame", "0")
        if not (frame.isascii() and frame.isdigit()):
            raise HTTPException(400, "one frame at a time, by its number")
        window = request.query_params.get("window", "")
        low, high = _window(window) if window else (None, None)
        png = await self._seen(self._viewer.picture(stored.blob, Picture(int(frame), low, high)))
        return Response(png, media_type=PNG)

    @access(Permission.READ_IMAGES)
    async def bulk(self, request: Request) -> Response:
        """The value of a binary attribute, as it is stored."""
        (stored,) = await self._named(request)
        tag = tag_of(request.path_params["tag"])
        if not tag:
            raise HTTPException(400, "an attribute is named by its tag")
        types = accepted(request.headers.get("accept", ""))
        data = await self._seen(self._viewer.value(stored.blob, tag))
        if takes(types, OCTETS):
            return Response(data, media_type=OCTETS)
        if not takes(parts_of(types), OCTETS):
            raise HTTPException(406, f"bulk data are given as {OCTETS}")
        writer = Writer(OCTETS)
        return Response(writer.head(OCTETS) + data + writer.end(), media_type=writer.content_type)

    async def _named(self, request: Request) -> Sequence[StoredObject]:
        """The objects that the path names; 404."""
        index, path = await self._store.current(), request.path_params
        if "instance" in path:
            one = await index.instance(path["instance"])
            found: Sequence[StoredObject] = [one] if one is not None else []
        elif "series" in path:
            found = await index.of_series(path["series"])
        else:
            found = await index.of_study(path["study"])
        found = [
            each
            for each in await self._studies.objects(principal(request), found)
            if each.attributes.study == path["study"]
            and path.get("series", each.attributes.series) == each.attributes.series
        ]
        if not found:
            raise HTTPException(404, "nothing is stored under this address")
        first = found[0].attributes
        subject = first.patient
        about(request, subject=subject, study=first.study, objects=str(len(found)))
        return found

    async def _seen(self, asked: Awaitable[bytes]) -> bytes:
        try:
            return await asked
        except Unviewable as error:
            raise HTTPException(_STATUS.get(error.why, 406), str(error)) from None

    async def _files(self, found: Sequence[StoredObject], writer: Writer) -> AsyncIterator[bytes]:
        """Whole files, head and dataset; StoreError cuts the answer off."""
        for each in found:
            yield writer.head(_kind(each))
            async for piece in self._blobs.read(each.blob, whole=True):
                yield piece
        yield writer.end()


def _kind(stored: StoredObject) -> str:
    return f"{DICOM}; transfer-syntax={stored.origin.transfer_syntax}"


def _path(stored: StoredObject) -> str:
    attributes = stored.attributes
    return f"/studies/{attributes.study}/series/{attributes.series}/instances/{stored.uid}"


def _require_syntax(found: Sequence[StoredObject], types: Sequence[MediaType]) -> None:
    """Nothing is transcoded: what a client does not take as it is, it is not given."""
    wanted = {each.parameters.get("transfer-syntax", _ANY) for each in types}
    if _ANY in wanted:
        return
    other = {each.origin.transfer_syntax for each in found} - wanted
    if other:
        words = (
            f"stored as {', '.join(sorted(other))}, and not transcoded: ask for transfer-syntax=*"
        )
        raise HTTPException(406, words)


def _window(text: str) -> tuple[float, float]:
    """`center,width,LINEAR` (PS3.18 8.3.5.1.4); 400 if it is none."""
    parts = text.split(",")
    try:
        center, width = float(parts[0]), float(parts[1])
    except (ValueError, IndexError):
        raise HTTPException(400, "window=center,width,function") from None
    function = parts[2].upper() if len(parts) == _WINDOW else "LINEAR"
    if function != "LINEAR" or width < 1:
        raise HTTPException(400, "the window's function is LINEAR, its width 1 or more")
    return ends(center, width)
