"""The job that makes backups when they are due, and whatever people order between."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, TypeAlias

from gateway.backup.chain import Backup
from gateway.backup.manifest import Kind
from gateway.backup.service import Backups, Stopping
from gateway.errors import ConfigError, IsogateError
from gateway.model import Instant

log = logging.getLogger(__name__)

Task: TypeAlias = Literal["backup", "verify", "drill"]

_LOOK = 30.0
_AGAIN = 3600.0
_WAITING = 4


@dataclass(frozen=True, slots=True)
class Order:
    """Something to do. `full` and `adopt` matter for a backup; no `target` means that of the plan.

    `adopt` takes the directory of the plan as it is now for the target.
    """

    what: Task
    full: bool = False
    target: Path | None = None
    adopt: bool = False


@dataclass(slots=True)
class Keeping:
    """Does what is ordered, and what is due, one after another.

    `doing` is what is being done, `failed` why the last thing that was done was not.
    """

    backups: Backups
    doing: Order | None = field(default=None, init=False)
    failed: str = field(default="", init=False)
    _orders: asyncio.Queue[Order] = field(
        default_factory=lambda: asyncio.Queue(_WAITING), init=False
    )

    @property
    def busy(self) -> bool:
        return self.doing is not None or not self._orders.empty()

    def order(self, order: Order) -> None:
        """Ask for something; it begins as soon as what was asked for before is done.

        ConfigError: there is no target, too much is waiting, or what is to be adopted is not that
        of the plan.
        """
        if order.adopt and self.backups.target(order.target) != self.backups.target():
            raise ConfigError("only the directory of devices.yaml can be adopted: name no other")
        self.backups.target(order.target)
        try:
            self._orders.put_nowait(order)
        except asyncio.QueueFull:
            raise ConfigError("too much is waiting: ask again when this is done") from None

    async def keep_up(self) -> None:
        """Work until cancelled; a backup that is being made is then dropped."""
        loop, patience = asyncio.get_running_loop(), 0.0
        while True:
            try:
                async with asyncio.timeout(_LOOK if self.backups.plan else None):
                    order = await self._orders.get()
            except TimeoutError:
                if loop.time() >= patience and not await self._do_due():
                    patience = loop.time() + _AGAIN
            else:
                await self._do(order)

    async def _do_due(self) -> bool:
        """Whether all went well; what did not is tried again after an hour."""
        try:
            order = await self._due()
        except (OSError, IsogateError) as error:
            self._fail(f"the backups can't be looked at: {error}")
            return False
        return order is None or await self._do(order)

    async def _due(self) -> Order | None:
        plan, now = self.backups.plan, self.backups.clock.now()
        if plan is None:
            return None
        made = (await self.backups.shelf()).backups
        full = [each for each in made if each.manifest.kind is Kind.FULL]
        kind = plan.schedule.due(now, _last(made), _last(full))
        if kind is not None:
            return Order("backup", full=kind is Kind.FULL)
        drilled = self.backups.last_drill()
        if made and plan.schedule.drill_due(now, Instant(drilled["at"]) if drilled else None):
            return Order("drill")
        return None

    async def _do(self, order: Order) -> bool:
        self.doing, self.failed = order, ""
        try:
            match order.what:
                case "backup":
                    kind = Kind.FULL if order.full else Kind.INCREMENT
                    await self.backups.back_up(kind, order.target, adopt=order.adopt)
                case "verify":
                    await self.backups.check(order.target)
                case "drill":
                    await self.backups.drill(order.target)
        except Stopping:
            raise
        except (OSError, IsogateError) as error:
            self._fail(f"the {order.what} failed: {error}")
            if order.what != "drill":
                self.backups.note("backup", "failed", f"{order.what}: {error}")
            return False
        finally:
            self.doing = None
        return True

    def _fail(self, why: str) -> None:
        self.failed = why
        log.warning("Backup: %s", why)


def _last(backups: Sequence[Backup]) -> Instant | None:
    return backups[-1].manifest.made_at if backups else None
