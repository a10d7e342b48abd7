"""A program kept running beside the gateway: started, watched, started again, stopped by pid."""

from __future__ import annotations

import asyncio
import logging
import shutil
from asyncio.subprocess import DEVNULL, Process
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from gateway import ConfigError

log = logging.getLogger(__name__)

_POLL = 0.05
_SOONEST, _LATEST = 0.2, 10.0
_GRACE = 5.0


@dataclass(frozen=True, slots=True)
class Program:
    """What to run, where it then answers, and the file for what it prints."""

    name: str
    command: tuple[str, ...]
    host: str
    port: int
    output: Path


_Check: TypeAlias = Callable[[Program], Awaitable[bool]]


@asynccontextmanager
async def kept_running(program: Program, patience: float) -> AsyncIterator[None]:
    """Run a program within the block; ConfigError if it doesn't answer in `patience` seconds.

    A predecessor that still holds the port is waited for as long. When the program ends by itself
    it is started again, after 0.4 s and up to 10 s. Where `setpriv` is installed it also ends with
    us if we are killed.
    """
    await _within(patience, program, _is_free, "is taken by another program")
    keeper = asyncio.create_task(_keep(program), name=f"keep {program.name} running")
    try:
        await _within(patience, program, _answers, f"is not answered by {program.name}")
        yield
    finally:
        keeper.cancel()
        await asyncio.wait((keeper,))


async def _keep(program: Program) -> None:
    delay = _SOONEST
    while True:
        begun = asyncio.get_running_loop().time()
        code = await _run(program)
        lasted = asyncio.get_running_loop().time() - begun
        delay = _SOONEST if lasted > _LATEST else min(2 * delay, _LATEST)
        log.warning(
            "%s ended with code %s after %.0f s; it starts again in %.1f s (its output: %s).",
            program.name, code, lasted, delay, program.output,
        )  # fmt: skip
        await asyncio.sleep(delay)


async def _run(program: Program) -> int:
    """Run the program until it ends; end it when cancelled."""
    guard = shutil.which("setpriv")
    command = (guard, "--pdeathsig", "TERM", *program.command) if guard else program.command
    with program.output.open("wb") as output:
        process = await asyncio.create_subprocess_exec(
            *command, stdin=DEVNULL, stdout=output, stderr=output, start_new_session=True
        )
    try:
        return await process.wait()
    finally:
        await _stop(process)


async def _stop(process: Process) -> None:
    if process.returncode is not None:
        return
    with suppress(ProcessLookupError):
        process.terminate()
        try:
            async with asyncio.timeout(_GRACE):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()


async def _within(patience: float, program: Program, check: _Check, otherwise: str) -> None:
    try:
        async with asyncio.timeout(patience):
            while not await check(program):  # noqa: ASYNC110 - another process's port has no event
                await asyncio.sleep(_POLL)
    except TimeoutError as error:
        place = f"{program.host}:{program.port}"
        raise ConfigError(f"{place} {otherwise}; see {program.output}") from error


async def _answers(program: Program) -> bool:
    try:
        _, writer = await asyncio.open_connection(program.host, program.port)
    except OSError:
        return False
    writer.close()
    return True


async def _is_free(program: Program) -> bool:
    return not await _answers(program)
