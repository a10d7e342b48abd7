"""The event store: an append-only, durable, ordered record of everything that happened."""

from gateway.store.backup import BackupReport, restore, verify
from gateway.store.batch import Batch, Message, Resolution
from gateway.store.directory import sealed_by
from gateway.store.options import StoreOptions
from gateway.store.outbox import Backoff, Delivery, Outbox
from gateway.store.query import QuarantineEntry, RollupRow
from gateway.store.state import StoreHealth, StoreState
from gateway.store.store import LONG_AGO, EventStore

__all__ = [
    "LONG_AGO",
    "Backoff",
    "BackupReport",
    "Batch",
    "Delivery",
    "EventStore",
    "Message",
    "Outbox",
    "QuarantineEntry",
    "Resolution",
    "RollupRow",
    "StoreHealth",
    "StoreOptions",
    "StoreState",
    "restore",
    "sealed_by",
    "verify",
]
