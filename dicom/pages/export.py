"""A study as a file: its objects as Part 10 files in a ZIP archive, streamed."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Sequence
from functools import partial
from io import RawIOBase
from typing import IO, TYPE_CHECKING, cast
from zipfile import ZIP_STORED, ZipFile, ZipInfo

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import BaseRoute, Route

from dicom.node import Node
from dicom.storage.blobs import Blobs
from dicom.storage.object import StoredObject
from gateway import Subject
from gateway.room import Auditor, Permission, about, access, principal

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer


class ExportPages:
    """Taking a study out. Each is audited before its first byte leaves."""

    def __init__(self, node: Node, audit: Auditor) -> None:
        self._node, self._audit = node, audit

    def routes(self) -> Iterable[BaseRoute]:
        return [Route("/studies/{study}/export", self.export, methods=["POST"])]

    @access(Permission.SEND_IMAGES)
    async def export(self, request: Request) -> Response:
        uid = request.path_params["study"]
        objects = await self._node.index.of_study(uid)
        if not objects:
            raise HTTPException(404, "no such study")
        first = objects[0].attributes
        patient, issuer = first.text("PatientID"), first.text("IssuerOfPatientID")
        subject = Subject(patient=patient, issuer=issuer)
        about(request, subject=subject, study=uid)
        await self._audit.record(
            "images.export",
            principal(request),
            subject=subject,
            objects={"study": uid},
            detail=f"{len(objects)} objects as a ZIP archive",
        )
        headers = {"content-disposition": f'attachment; filename="study-{uid[-24:]}.zip"'}
        return StreamingResponse(
            archive(self._node.blobs, objects), media_type="application/zip", headers=headers
        )


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


async def archive(blobs: Blobs, objects: Sequence[StoredObject]) -> AsyncIterator[bytes]:
    """The archive in pieces; nothing of it is kept. StoreError.

    Files are named by their place, never by what a dataset says, and are stored as they are:
    pixels hardly shrink.
    """
    sink = _Sink()
    with ZipFile(cast(IO[bytes], sink), "w", ZIP_STORED) as zipped:
        for number, each in enumerate(objects, 1):
            info = ZipInfo(f"DICOM/{number:06d}.dcm")
            with zipped.open(info, "w", force_zip64=True) as entry:
                async for piece in blobs.read(each.blob, whole=True):
                    await blobs.run(partial(entry.write, piece))
                    yield sink.emptied()
    yield sink.emptied()
