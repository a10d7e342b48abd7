"""The one door to the decoding process: asks it, bounds it, replaces it when it falls."""

from __future__ import annotations

import asyncio
import os
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any, Protocol

import orjson

from dicom.storage.object import Blob
from dicom.view.words import Attributes, Look, Picture, Stored, Unseen, rows_of
from gateway import IsogateError

_PATIENCE = 30.0
_LINE = 32 * 1024**2
_COMMAND = (sys.executable, "-m", "dicom.view.worker")
_ALONE = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "PYTHONHASHSEED": "0"}


class Files(Protocol):
    """Where objects are."""

    def in_memory(self, blob: Blob) -> AbstractAsyncContextManager[Path]:
        """A path at which the decoding process can read the Part 10 file."""
        ...


class Unviewable(IsogateError):  # noqa: N818 - a property of the object
    """Something of an object can't be shown; `why` says it as a word of a closed set."""

    def __init__(self, why: Unseen, detail: str = "") -> None:
        super().__init__(f"dicom: {why}: {detail}" if detail else f"dicom: {why}")
        self.why, self.detail = why, detail


class Viewer:
    """Decodes objects in a process of its own, one after the other.

    The process begins with the first question and ends with the block. One that takes longer than
    `patience` seconds or falls is replaced, and who asked is told. It sees no environment but what
    Python needs.
    """

    def __init__(self, files: Files, patience: float = _PATIENCE) -> None:
        self._files, self._patience = files, patience
        self._turn = asyncio.Lock()
        self._process: Process | None = None

    @classmethod
    @asynccontextmanager
    async def open(cls, files: Files, patience: float = _PATIENCE) -> AsyncIterator[Viewer]:
        viewer = cls(files, patience)
        try:
            yield viewer
        finally:
            await viewer._end()

    async def attributes(self, blob: Blob, charset: str) -> Attributes:
        """The leading elements as rows; Unviewable.

        `charset` is that of the texts, where the dataset itself declares none.
        """
        async with self._files.in_memory(blob) as file:
            said, _ = await self._ask("attributes", file=str(file), charset=charset)
        return rows_of(said)

    async def look(self, blob: Blob) -> Look:
        """Whether and how there is a picture; Unviewable says why not."""
        async with self._files.in_memory(blob) as file:
            said, _ = await self._ask("look", file=str(file))
        return Look(**said)

    async def picture(self, blob: Blob, wanted: Picture) -> bytes:
        """A PNG; Unviewable."""
        async with self._files.in_memory(blob) as file:
            _, data = await self._ask(
                "picture",
                file=str(file),
                frame=wanted.frame,
                low=wanted.low,
                high=wanted.high,
            )
        return data

    async def stored(self, blob: Blob, frame: int) -> Stored:
        """A grey frame, from 1, as it is stored; Unviewable."""
        async with self._files.in_memory(blob) as file:
            said, data = await self._ask("stored", file=str(file), frame=frame)
        return Stored(said["rows"], said["columns"], data)

    async def metadata(self, blob: Blob, place: str, charset: str) -> bytes:
        """The dataset as JSON (PS3.18 F.2); `place` is the address of its bulk data. Unviewable.

        `charset` as in `attributes`.
        """
        async with self._files.in_memory(blob) as file:
            _, data = await self._ask("metadata", file=str(file), place=place, charset=charset)
        return data

    async def value(self, blob: Blob, tag: int) -> bytes:
        """The bytes of a binary element of the dataset itself; Unviewable."""
        async with self._files.in_memory(blob) as file:
            _, data = await self._ask("value", file=str(file), tag=tag)
        return data

    async def deidentified(self, blob: Blob, options: Mapping[str, Any], key: str) -> bytes:
        """A de-identified Part 10 file, after the options of a profile; Unviewable."""
        async with self._files.in_memory(blob) as file:
            _, data = await self._ask("deidentified", file=str(file), options=options, key=key)
        return data

    async def _ask(self, do: str, **more: Any) -> tuple[Mapping[str, Any], bytes]:
        async with self._turn:
            try:
                async with asyncio.timeout(self._patience):
                    said, data = await self._exchange({"do": do, **more})
            except TimeoutError:
                await self._end()
                raise Unviewable(Unseen.TOO_SLOW, f"more than {self._patience:g} s") from None
            except (OSError, EOFError):
                await self._end()
                raise Unviewable(Unseen.DAMAGED, "the decoding process fell over it") from None
            except asyncio.CancelledError:
                # Its answer would be taken for that of the next question.
                await self._end()
                raise
        if "unseen" in said:
            raise Unviewable(Unseen(said["unseen"]), said["detail"])
        return said["said"], data

    async def _exchange(self, asked: Mapping[str, Any]) -> tuple[Mapping[str, Any], bytes]:
        process = self._process or await self._begin()
        assert process.stdin is not None  # noqa: S101 - both are pipes
        assert process.stdout is not None  # noqa: S101
        process.stdin.write(orjson.dumps(asked) + b"\n")
        await process.stdin.drain()
        line = await process.stdout.readline()
        if not line.endswith(b"\n"):
            raise EOFError
        said = orjson.loads(line)
        return said, await process.stdout.readexactly(said["size"])

    async def _begin(self) -> Process:
        kept = {key: os.environ[key] for key in ("PATH", "LANG", "PYTHONPATH") if key in os.environ}
        self._process = await asyncio.create_subprocess_exec(
            *_COMMAND,
            stdin=PIPE,
            stdout=PIPE,
            stderr=DEVNULL,
            limit=_LINE,
            env={**kept, **_ALONE},
        )
        return self._process

    async def _end(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        if process.returncode is None:
            process.kill()
        await process.wait()
        assert process.stdin is not None  # noqa: S101 - a pipe
        process.stdin.close()
