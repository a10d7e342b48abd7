"""The event store: an append-only, durable, ordered record of everything that happened."""

from gateway.store.batch import Batch, Resolution
from gateway.store.options import StoreOptions
from gateway.store.query import QuarantineEntry, RollupRow
from gateway.store.state import StoreHealth, StoreState
from gateway.store.store import EventStore

__all__ = [
    "Batch",
    "EventStore",
    "QuarantineEntry",
    "Resolution",
    "RollupRow",
    "StoreHealth",
    "StoreOptions",
    "StoreState",
]
