"""The memory site with its history on disk."""

from __future__ import annotations

from gateway.store import EventStore
from tests.unit.api.memory_site import MemorySite, furnished


class StoredSite(MemorySite):
    def __init__(self, store: EventStore) -> None:
        memory = furnished()
        super().__init__(memory.clock)
        self.registry = memory.registry
        self.store: EventStore = store  # type: ignore[assignment]
