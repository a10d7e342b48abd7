"""The event store: an append-only, durable, ordered record of everything that happened."""

from gateway.store.batch import Batch, Message, Resolution
from gateway.store.cut import Cut, Pinned
from gateway.store.directory import DataDirectory, sealed_by
from gateway.store.options import StoreOptions
from gateway.store.outbox import Backoff, Delivery, Outbox
from gateway.store.proof import Proof, prove
from gateway.store.query import QuarantineEntry, RollupRow
from gateway.store.schema import FORMAT as DATA_FORMAT
from gateway.store.state import StoreHealth, StoreState
from gateway.store.store import LONG_AGO, EventStore

__all__ = [
    "DATA_FORMAT",
    "LONG_AGO",
    "Backoff",
    "Batch",
    "Cut",
    "DataDirectory",
    "Delivery",
    "EventStore",
    "Message",
    "Outbox",
    "Pinned",
    "Proof",
    "QuarantineEntry",
    "Resolution",
    "RollupRow",
    "StoreHealth",
    "StoreOptions",
    "StoreState",
    "prove",
    "sealed_by",
]
