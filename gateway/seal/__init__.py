"""Sealing what identifies a patient: keys, suites of algorithms, and who uses them."""

from gateway.seal.column import Column, Record, context_of
from gateway.seal.keyring import Key, Keyring
from gateway.seal.lookup import Lookup
from gateway.seal.ring_document import read_ring, write_ring, write_ring_under
from gateway.seal.sealer import KEY_AT, OVERHEAD, Sealer, key_id
from gateway.seal.source import (
    KeyFile,
    KeySource,
    KeyVariable,
    key_source,
    load_or_make,
    load_ring,
    write_secret,
)
from gateway.seal.stream import open_stream, seal_stream
from gateway.seal.suite import Aead, Suite
from gateway.seal.suites import DEFAULT, SUITES, suite_named

__all__ = [
    "DEFAULT",
    "KEY_AT",
    "OVERHEAD",
    "SUITES",
    "Aead",
    "Column",
    "Key",
    "KeyFile",
    "KeySource",
    "KeyVariable",
    "Keyring",
    "Lookup",
    "Record",
    "Sealer",
    "Suite",
    "context_of",
    "key_id",
    "key_source",
    "load_or_make",
    "load_ring",
    "open_stream",
    "read_ring",
    "seal_stream",
    "suite_named",
    "write_ring",
    "write_ring_under",
    "write_secret",
]
