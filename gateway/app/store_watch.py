"""Notes how the store is, so that a disk that fills raises an alarm before it is full."""

from __future__ import annotations

from gateway.store import EventStore, StoreHealth
from gateway.supervisor import Intake

STORE = "store"
"""Code of the store's standing, a `StoreHealth`; the device is `gateway`."""


async def watch_store(store: EventStore, intake: Intake) -> None:
    """Append every change of the store's health until cancelled.

    That it withholds can only be appended when it is over; until then /readyz and the pages say it.
    """
    told = store.state
    intake.system(STORE, told.health, told.reason)
    while True:
        state = await store.turned()
        if told.health is StoreHealth.FAILED:
            intake.system(STORE, told.health, told.reason)
        if state.health is not StoreHealth.FAILED:
            intake.system(STORE, state.health, state.reason)
        told = state
