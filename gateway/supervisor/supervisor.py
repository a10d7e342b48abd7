"""Owns every link's task; reload touches only what changed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager

from gateway.driver import DriverType, LinkEntry
from gateway.model import sentence
from gateway.registry import DeviceState, Registry
from gateway.supervisor.intake import Intake
from gateway.supervisor.link import LinkRunner, LinkStatus
from gateway.supervisor.tap import TapHub

_SILENCE_CHECK = 1.0


class Supervisor:
    """The links of the site, each in a task of its own."""

    def __init__(
        self, drivers: Mapping[str, DriverType], intake: Intake, registry: Registry, taps: TapHub
    ) -> None:
        self._drivers = drivers
        self._intake = intake
        self._registry = registry
        self._taps = taps
        self._group = asyncio.TaskGroup()
        self._running: dict[str, tuple[LinkRunner, asyncio.Task[None]]] = {}

    @asynccontextmanager
    async def running(
        self, links: Sequence[LinkEntry], meant: Sequence[LinkEntry] | None = None
    ) -> AsyncIterator[None]:
        """Serve `links` until the block is left; then every driver has ended."""
        async with self._group:
            watch = self._group.create_task(self._watch_silence(), name="watch-silence")
            await self.apply(links, meant)
            try:
                yield
            finally:
                watch.cancel()
                await self._stop(list(self._running))
                self._intake.flush()

    async def apply(
        self, links: Sequence[LinkEntry], meant: Sequence[LinkEntry] | None = None
    ) -> None:
        """Take over another list of links: what did not change goes on undisturbed.

        `meant` are the same links with profiles as readings are understood by, if the site maps
        more than its profiles say: a mapping ends no connection.
        """
        self._intake.configure(links if meant is None else meant, self._drivers)
        wanted = {link.id: link for link in links}
        stale = [
            name
            for name, (runner, _) in self._running.items()
            if not self._keeps(runner, wanted.get(name))
        ]
        await self._stop(stale)
        for link in links:
            if link.id not in self._running:
                self._start(link)

    def links(self) -> list[LinkStatus]:
        return [runner.status for runner, _ in self._running.values()]

    def _keeps(self, runner: LinkRunner, link: LinkEntry | None) -> bool:
        if link is None:
            return False
        return runner.link == link or runner.replace(link)

    def _start(self, link: LinkEntry) -> None:
        runner = LinkRunner(link, self._drivers[link.driver], self._intake, self._taps)
        task = self._group.create_task(runner.run(), name=f"link-{link.id}")
        self._running[link.id] = runner, task

    async def _stop(self, names: Sequence[str]) -> None:
        tasks = [self._running.pop(name)[1] for name in names]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _watch_silence(self) -> None:
        while True:
            await asyncio.sleep(_SILENCE_CHECK)
            self._intake.say_again()
            now = self._intake.clock.now()
            for status in list(self._registry):
                limit = status.entry.profile.silent_after
                heard = max(status.last_seen or status.since, status.since)
                silent = limit is not None and now - heard > limit * 1_000_000
                if silent and status.state is not DeviceState.OFFLINE:
                    reason = sentence("not heard of for {seconds} s", seconds=f"{limit:g}")
                    self._intake.availability(status.entry.id, online=False, reason=reason)
