"""Sealing what identifies a patient: keys, suites of algorithms, and who uses them."""

from gateway.seal.column import Column, Record, context_of
from gateway.seal.keyring import Key, Keyring
from gateway.seal.lookup import Lookup
from gateway.seal.ring_document import Copy, read_copy, read_ring, write_copy, write_ring
from gateway.seal.rotation import KeyUse, Note, Resealing, Rotation
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
from gateway.seal.stream import StreamSealer, open_stream, seal_stream, stream_key
from gateway.seal.suite import Aead, Suite
from gateway.seal.suites import DEFAULT, SUITES, suite_named
from gateway.seal.user import KeyUser, Progress

__all__ = [
    "DEFAULT",
    "KEY_AT",
    "OVERHEAD",
    "SUITES",
    "Aead",
    "Column",
    "Copy",
    "Key",
    "KeyFile",
    "KeySource",
    "KeyUse",
    "KeyUser",
    "KeyVariable",
    "Keyring",
    "Lookup",
    "Note",
    "Progress",
    "Record",
    "Resealing",
    "Rotation",
    "Sealer",
    "StreamSealer",
    "Suite",
    "context_of",
    "key_id",
    "key_source",
    "load_or_make",
    "load_ring",
    "open_stream",
    "read_copy",
    "read_ring",
    "seal_stream",
    "stream_key",
    "suite_named",
    "write_copy",
    "write_ring",
    "write_secret",
]
