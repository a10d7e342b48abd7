"""A study as a file: its objects as Part 10 files in a ZIP archive, streamed."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from io import RawIOBase
from typing import IO, TYPE_CHECKING, cast
from zipfile import ZIP_STORED, ZipFile, ZipInfo

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import BaseRoute, Route

from dicom.forward.options import DeidProfile
from dicom.node import Node
from dicom.storage.blobs import Blobs
from dicom.storage.object import StoredObject
from dicom.view import Unviewable, Viewer
from gateway.room import Auditor, PageKit, Permission, about, access, principal

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer


class ExportPages:
    """Taking a study out. Each is audited before its first byte leaves."""

    def __init__(
        self,
        kit: PageKit,
        node: Node,
        viewer: Viewer,
        profiles: Mapping[str, DeidProfile],
        audit: Auditor,
    ) -> None:
        self._kit, self._node, self._viewer = kit, node, viewer
        self._profiles, self._audit = profiles, audit

    def routes(self) -> Iterable[BaseRoute]:
        return [Route("/studies/{study}/export", self.export, methods=["POST"])]

    @access(Permission.SEND_IMAGES)
    async def export(self, request: Request) -> Response:
        """As it is, or de-identified after the profile that the form names."""
        uid = request.path_params["study"]
        name = (await self._kit.form(request)).get("profile", "")
        if name and name not in self._profiles:
            raise HTTPException(404, "no such profile in dicom.deid")
        objects = await self._node.seen.objects(
            principal(request), await self._node.index.of_study(uid)
        )
        if not objects:
            raise HTTPException(404, "no such study")
        first = objects[0].attributes
        subject = first.patient
        about(request, subject=subject, study=uid)
        how = f", de-identified after {name}" if name else ""
        await self._audit.record(
            "images.export",
            principal(request),
            subject=subject,
            objects={"study": uid},
            detail=f"{len(objects)} objects as a ZIP archive{how}",
        )
        content = self._deidentified(objects, name) if name else self._as_they_are(objects)
        file = name or f"study-{uid[-24:]}"
        headers = {"content-disposition": f'attachment; filename="{file}.zip"'}
        return StreamingResponse(
            archive(self._node.blobs, content), media_type="application/zip", headers=headers
        )

    async def _as_they_are(self, objects: Sequence[StoredObject]) -> AsyncIterator[Member]:
        for number, each in enumerate(objects, 1):
            yield Member(_name(number), self._node.blobs.read(each.blob, whole=True))

    async def _deidentified(
        self, objects: Sequence[StoredObject], name: str
    ) -> AsyncIterator[Member]:
        """What can't be de-identified is left out, and a file says which and why."""
        profile = self._profiles[name]
        options = profile.model_dump(mode="json", exclude={"key"})
        key = profile.key.get_secret_value()
        left: list[str] = []
        for number, each in enumerate(objects, 1):
            try:
                data = await self._viewer.deidentified(each.blob, options, key)
            except Unviewable as error:
                left.append(f"{_name(number)}: {error.why}")
            else:
                yield Member(_name(number), _once(data))
        if left:
            yield Member("LEFT-OUT.txt", _once("\n".join((*left, "")).encode()))


@dataclass(frozen=True, slots=True)
class Member:
    """A file of an archive, in pieces."""

    name: str
    content: AsyncIterator[bytes]


def _name(number: int) -> str:
    """By its place, never by what a dataset says."""
    return f"DICOM/{number:06d}.dcm"


async def _once(data: bytes) -> AsyncIterator[bytes]:
    yield data


class _Sink(RawIOBase):
    """What `zipfile` writes to: a file that can't be gone back in, emptied piece by piece."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, data: ReadableBuffer) -> int:
        self._parts.append(bytes(data))
        return len(self._parts[-1])

    def emptied(self) -> bytes:
        data = b"".join(self._parts)
        self._parts.clear()
        return data


async def archive(blobs: Blobs, members: AsyncIterator[Member]) -> AsyncIterator[bytes]:
    """The archive in pieces; nothing of it is kept. StoreError.

    Files are stored as they are: pixels hardly shrink.
    """
    sink = _Sink()
    with ZipFile(cast(IO[bytes], sink), "w", ZIP_STORED) as zipped:
        async for member in members:
            with zipped.open(ZipInfo(member.name), "w", force_zip64=True) as entry:
                async for piece in member.content:
                    await blobs.run(partial(entry.write, piece))
                    yield sink.emptied()
    yield sink.emptied()
