"""Keeps one link alive: runs its driver, and starts it again after it failed."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from enum import StrEnum

from gateway.driver import DriverType, LinkEntry, PollingDriver
from gateway.errors import ConfigError, IsogateError
from gateway.model import Instant, sentence
from gateway.supervisor.backoff import Backoff
from gateway.supervisor.intake import Intake
from gateway.supervisor.polling import PollLoop
from gateway.supervisor.ports import LinkPorts
from gateway.supervisor.tap import TapHub
from gateway.supervisor.timetable import Timetable

log = logging.getLogger(__name__)

_STABLE = 10.0


class LinkState(StrEnum):
    """Standing of a link. FAILED: its configuration is wrong; it waits for a reload."""

    CONNECTING = "connecting"
    UP = "up"
    DOWN = "down"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class LinkStatus:
    """A link and how it is; `restarts` counts since the start of the gateway."""

    id: str
    driver: str
    state: LinkState
    since: Instant
    reason: str = ""
    restarts: int = 0


class LinkRunner:
    """One link's task. It logs the first failure and the recovery, nothing between."""

    def __init__(self, link: LinkEntry, driver: DriverType, intake: Intake, taps: TapHub) -> None:
        self._link = link
        self._type = driver
        self._intake = intake
        self._ports = LinkPorts(link, intake, taps, self._connected)
        self._backoff = Backoff()
        self._polling: PollLoop | None = None
        self._timetable = Timetable((), 0.0)
        self._up_at = 0.0
        self._restarts = 0
        self._taken_down: list[str] = []
        self._status = self._moved(LinkState.CONNECTING, "")

    @property
    def link(self) -> LinkEntry:
        return self._link

    @property
    def status(self) -> LinkStatus:
        return self._status

    def replace(self, link: LinkEntry) -> bool:
        """Take over other devices in flight; False if the link must be started anew for them."""
        same = (link.options, link.transport) == (self._link.options, self._link.transport)
        if not same or self._polling is None:
            return False
        self._link = link
        self._polling.replace(link)
        return True

    async def run(self) -> None:
        """Serve until cancelled."""
        while True:
            try:
                await self._serve()
                self._down(sentence("the driver ended"), None)
            except ConfigError as error:
                self._fail(error)
                return
            except (IsogateError, OSError, TimeoutError) as error:
                self._down(str(error) or type(error).__name__, None)
            except Exception as error:  # noqa: BLE001 - a driver that raises takes nobody down
                self._down(f"{type(error).__name__}: {error}", error)
            await asyncio.sleep(self._backoff.delay())

    async def _serve(self) -> None:
        driver = self._type.build(self._link)
        if not isinstance(driver, PollingDriver):
            await driver.run(self._ports)
            return
        self._polling = PollLoop(self._link, self._intake, self._ports, self._timetable)
        try:
            await self._polling.run(driver)
        finally:
            self._polling = None

    def _connected(self, session: str) -> None:
        if self._status.state is LinkState.UP:
            return
        if self._status.state is LinkState.DOWN:
            log.info("Link %s works again.", self._link.id)
        self._up_at = asyncio.get_running_loop().time()
        self._status = self._moved(LinkState.UP, session)
        self._intake.link(self._link.id, LinkState.UP, "")
        for device in self._taken_down:
            self._intake.expect(device)
        self._taken_down.clear()

    def _down(self, reason: str, error: Exception | None) -> None:
        up_for = asyncio.get_running_loop().time() - self._up_at
        if self._status.state is LinkState.UP and up_for >= _STABLE:
            self._backoff.reset()
        self._restarts += 1
        if self._status.state is not LinkState.DOWN:
            log.warning("Link %s is down: %s", self._link.id, reason, exc_info=error)
            self._intake.link(self._link.id, LinkState.DOWN, reason)
        self._status = self._moved(LinkState.DOWN, reason)
        self._devices_offline(reason)

    def _fail(self, error: ConfigError) -> None:
        log.error("Link %s can't start: %s", self._link.id, error)
        self._status = self._moved(LinkState.FAILED, str(error))
        self._intake.link(self._link.id, LinkState.FAILED, str(error))
        self._devices_offline(str(error))

    def _devices_offline(self, reason: str) -> None:
        for entry in self._link.devices:
            if entry.id not in self._taken_down:
                self._taken_down.append(entry.id)
            self._intake.availability(
                entry.id,
                online=False,
                reason=sentence("link {link} is down: {reason}", link=self._link.id, reason=reason),
                link=self._link.id,
            )

    def _moved(self, state: LinkState, reason: str) -> LinkStatus:
        now = self._intake.clock.now()
        return LinkStatus(self._link.id, self._type.name, state, now, reason, self._restarts)
