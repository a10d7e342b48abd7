"""A store on a temporary disk."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from gateway.store import EventStore, StoreOptions
from gateway.testing import known_ring
from tests.unit.store.store_case import HeldClock


@pytest.fixture
def clock() -> HeldClock:
    return HeldClock()


@pytest.fixture
def options() -> StoreOptions:
    return StoreOptions(probe_seconds=0.01, free_space=lambda _: 1 << 40, ring=known_ring())


@pytest.fixture
async def store(
    tmp_path: Path, options: StoreOptions, clock: HeldClock
) -> AsyncIterator[EventStore]:
    async with EventStore.open(tmp_path / "data", options, clock) as opened:
        yield opened
