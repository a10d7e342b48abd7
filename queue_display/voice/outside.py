"""A program outside that makes a sound: what it may not do is to stop or harm the gateway."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import Sequence

from queue_display.voice.sound import BadSound, Sound, read_wav

MOST_BYTES = 6_000_000
"""A minute of sound at 48 kHz."""
_TOLD = 200


class Speechless(Exception):  # noqa: N818 - an answer
    """An announcer can't say it now; its text is why."""


async def sound_of(command: Sequence[str], text: str, seconds: float) -> Sound:
    """The WAV that a program writes to its output for a text on its input.

    It runs with an empty environment but PATH and a UTF-8 locale, in a process group of its own
    that is killed after `seconds`, or once it has written too much. Speechless if it fails.
    """
    try:
        program = await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env={"PATH": os.environ.get("PATH", os.defpath), "LANG": "C.UTF-8"},
            start_new_session=True,
        )
    except OSError as error:
        raise Speechless(f"{command[0]} can't be started: {error}") from error
    try:
        async with asyncio.timeout(seconds):
            said, complaint = await _conversation(program, text.encode())
            code = await program.wait()
    except TimeoutError:
        raise Speechless(f"{command[0]} took longer than {seconds:g} s") from None
    finally:
        await _end(program)
    if code != 0:
        told = complaint.decode(errors="replace").strip()[-_TOLD:]
        raise Speechless(f"{command[0]} ended with {code}: {told}")
    try:
        return read_wav(said)
    except BadSound as error:
        raise Speechless(f"{command[0]} wrote {error}") from None


async def _conversation(program: asyncio.subprocess.Process, text: bytes) -> tuple[bytes, bytes]:
    assert program.stdin and program.stdout and program.stderr  # noqa: S101, PT018 - pipes above
    async with asyncio.TaskGroup() as group:
        said = group.create_task(_read(program, program.stdout))
        complaint = group.create_task(_tail(program.stderr))
        with contextlib.suppress(ConnectionError):
            program.stdin.write(text)
            await program.stdin.drain()
        program.stdin.close()
    return said.result(), complaint.result()


async def _read(program: asyncio.subprocess.Process, pipe: asyncio.StreamReader) -> bytes:
    """All of it; a program that writes more than `MOST_BYTES` is killed."""
    found = bytearray()
    while chunk := await pipe.read(65536):
        found += chunk
        if len(found) > MOST_BYTES:
            program.kill()
            break
    return bytes(found)


async def _tail(pipe: asyncio.StreamReader) -> bytes:
    found = b""
    while chunk := await pipe.read(4096):
        found = (found + chunk)[-_TOLD:]
    return found


async def _end(program: asyncio.subprocess.Process) -> None:
    """Kill what is left of its group, and have it waited for."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(program.pid, signal.SIGKILL)
    await program.wait()
