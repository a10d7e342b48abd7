"""Bodies and answers of DICOMweb, as another program writes and reads them."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator
from email import message_from_bytes
from email.policy import HTTP
from pathlib import Path
from typing import Any

import httpx
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRLittleEndian

from tests.dicom_objects import file_of
from tests.unit.dicom.pages_case import Desk

BASE = "/api/v1/dicomweb"
BOUNDARY = "a-boundary"
KIND = f'multipart/related; type="application/dicom"; boundary={BOUNDARY}'


def file_bytes(made: Dataset, folder: Path, syntax: str = ExplicitVRLittleEndian) -> bytes:
    """An object as a Part 10 file."""
    return file_of(made, folder / "one.dcm", syntax).read_bytes()


def body_of(*files: bytes, kind: str = "application/dicom") -> bytes:
    """A whole body of a store request."""
    head = f"--{BOUNDARY}\r\nContent-Type: {kind}\r\n\r\n".encode()
    return b"".join(head + file + b"\r\n" for file in files) + f"--{BOUNDARY}--\r\n".encode()


def files_in(answer: httpx.Response) -> list[Dataset]:
    """Objects of a multipart answer, taken apart by the standard library."""
    head = f"Content-Type: {answer.headers['content-type']}\r\n\r\n".encode()
    message = message_from_bytes(head + answer.content, policy=HTTP)
    parts: Any = message.iter_parts()
    return [dcmread(io.BytesIO(part.get_payload(decode=True))) for part in parts]


async def get(desk: Desk, path: str, accept: str = "*/*", **query: str) -> httpx.Response:
    headers = {"accept": accept}
    return await desk.do(desk.http.get(f"{BASE}{path}", params=query, headers=headers))


async def store(
    desk: Desk, body: bytes | AsyncIterator[bytes], path: str = "/studies", kind: str = KIND
) -> httpx.Response:
    headers = {"content-type": kind, "accept": "application/dicom+json"}
    return await desk.do(desk.http.post(f"{BASE}{path}", content=body, headers=headers))
