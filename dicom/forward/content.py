"""What is sent of an object: its own bytes, or a copy that was de-identified or coerced."""

from __future__ import annotations

import asyncio
import hashlib
import logging
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TypeVar

from dicom.deid.options import NotDeidentifiable
from dicom.forward.entry import Entry
from dicom.forward.options import DeidProfile
from dicom.storage.blobs import Blobs
from dicom.storage.memory import file_in_memory
from dicom.storage.part10 import START, head_length
from gateway import Clock, IsogateError, StoreError, to_datetime

log = logging.getLogger(__name__)

_T = TypeVar("_T")
_READ = 1_048_576


class Unsendable(IsogateError):  # noqa: N818 - a property of the object
    """An object that is not sent as things are; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Content:
    """A dataset to send, in the object's own transfer syntax.

    `facts` go into the event: the profile, the pseudonym, what was coerced.
    """

    sop_instance: str
    size: int
    parts: AsyncIterator[bytes]
    facts: Mapping[str, object]


class Contents:
    """Makes what is sent. Copies lie in memory for as long as they are sent."""

    def __init__(
        self,
        blobs: Blobs,
        profiles: Mapping[str, DeidProfile],
        clock: Clock,
        thread: ThreadPoolExecutor,
    ) -> None:
        self._blobs, self._profiles = blobs, profiles
        self._clock, self._thread = clock, thread

    @classmethod
    @contextmanager
    def open(
        cls, blobs: Blobs, profiles: Mapping[str, DeidProfile], clock: Clock
    ) -> Iterator[Contents]:
        with ThreadPoolExecutor(1, thread_name_prefix="dicom-copy") as thread:
            yield cls(blobs, profiles, clock, thread)

    @asynccontextmanager
    async def of(self, entry: Entry, profile: str | None) -> AsyncIterator[Content]:
        """What is sent for an entry; Unsendable if nothing may be."""
        if profile is None and not entry.coerce:
            yield Content(entry.uid, entry.blob.size, self._original(entry), {})
            return
        with file_in_memory() as copy:
            yield await self._copied(entry, profile, copy)

    async def damage(self, entry: Entry) -> str:
        """What is wrong with the stored file, in words; '' if it is well or can't be read now."""
        try:
            return await self._blobs.verify(entry.blob, entry.transfer_syntax)
        except StoreError:
            return ""

    async def _original(self, entry: Entry) -> AsyncIterator[bytes]:
        """The stored bytes; Unsendable before the last ones go out, if they are not what came."""
        digest = hashlib.sha256(entry.transfer_syntax.encode() + b"\0")
        before = b""
        async for piece in self._blobs.read(entry.blob):
            if before:
                yield before
            digest.update(piece)  # at most 256 KiB: a thread would take longer to wake
            before = piece
        if digest.hexdigest() != entry.blob.digest:
            raise Unsendable("the stored file was damaged since: see `isogate dicom verify`")
        yield before

    async def _copied(self, entry: Entry, profile: str | None, copy: Path) -> Content:
        async with self._blobs.in_memory(entry.blob) as source:
            if profile is None:
                at = to_datetime(self._clock.now())
                work = partial(_coerced, source, copy, entry.coerce, at)
            else:
                work = partial(_deidentified, source, copy, profile, self._profiles[profile])
            try:
                uid, facts = await self._run(work)
            except (NotDeidentifiable, ValueError) as error:
                raise Unsendable(str(error)) from error
            except Exception as error:
                # pydicom raises what it likes on an object that is broken: it must stop only that.
                log.exception("dicom: no copy of %s could be made", entry.uid)
                raise Unsendable(f"no copy could be made: {error!r}: see the log") from error
        size = await self._blobs.run(lambda: copy.stat().st_size)
        return Content(uid, size, self._read(copy), facts)

    async def _read(self, copy: Path) -> AsyncIterator[bytes]:
        file = await self._blobs.run(lambda: copy.open("rb"))
        try:
            await self._blobs.run(lambda: file.seek(head_length(file.read(START))))
            while piece := await self._blobs.run(lambda: file.read(_READ)):
                yield piece
        finally:
            file.close()

    async def _run(self, work: Callable[[], _T]) -> _T:
        """On the thread of copies; a cancelled caller waits for its end, so the copy is removed."""
        future = asyncio.get_running_loop().run_in_executor(self._thread, work)
        try:
            return await asyncio.shield(future)
        except asyncio.CancelledError:
            await asyncio.gather(future, return_exceptions=True)
            raise


def _deidentified(
    source: Path, copy: Path, name: str, profile: DeidProfile
) -> tuple[str, Mapping[str, object]]:
    from dicom.deid.engine import Deidentifier  # noqa: PLC0415 - pydicom, where it is needed
    from dicom.deid.file import deidentify_file  # noqa: PLC0415

    key = profile.key.get_secret_value().encode()
    done = deidentify_file(source, copy, Deidentifier(profile, key))
    facts = {"deid": name, "pseudonym": done.patient, "caught": list(done.caught)}
    return done.sop_instance, facts


def _coerced(
    source: Path, copy: Path, coerce: Mapping[str, str], at: datetime
) -> tuple[str, Mapping[str, object]]:
    from dicom.coercion.file import coerce_file  # noqa: PLC0415 - pydicom, where it is needed

    return coerce_file(source, copy, coerce, at), {"coerced": dict(coerce)}
