"""The chain: each entry's HMAC covers the entry and the HMAC before it. Pure.

HMAC-SHA-256 (FIPS 198-1). Whoever lacks the key can neither change, remove, add nor re-order an
entry without breaking the chain at that place; cutting off its end leaves a whole chain, which is
why its head is also kept outside the database (`gateway.audit.anchors`).
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from hmac import compare_digest
from typing import NamedTuple

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.hmac import HMAC

MAC_SIZE = 32
START = bytes(MAC_SIZE)
"""What stands before the first entry."""

_HEAD = struct.Struct(">qqIIII")


class Row(NamedTuple):
    """An entry as it is stored, in the order of the columns."""

    seq: int
    at: int
    who: str
    action: str
    outcome: str
    patient: bytes
    body: bytes
    mac: bytes


class Breach(StrEnum):
    """What is wrong with a chain at a place."""

    CHANGED = "changed"
    MISSING = "missing"
    CUT = "cut"
    ANCHOR = "anchor"


@dataclass(frozen=True, slots=True)
class Finding:
    """A breach at the entry `seq`; `detail` says what was expected and found."""

    breach: Breach
    seq: int
    detail: str


class Chain:
    """The chain under one key."""

    def __init__(self, key: bytes) -> None:
        self._keyed = HMAC(key, SHA256())
        """The key is taken in once; each entry goes on from a copy."""

    def mac(self, before: bytes, row: Row) -> bytes:
        """The HMAC of an entry whose predecessor has the HMAC `before`; its own is not read."""
        seq, at, who_, action_, outcome_, patient, body, _ = row
        who, action = who_.encode(), action_.encode()
        outcome = outcome_.encode()
        head = _HEAD.pack(seq, at, len(who), len(action), len(outcome), len(patient))
        keyed = self._keyed.copy()
        keyed.update(b"".join((before, head, who, action, outcome, patient, body)))
        return keyed.finalize()

    def fits(self, before: bytes, row: Row) -> bool:
        """Whether an entry's HMAC is that of its content after the HMAC `before`."""
        return compare_digest(self.mac(before, row), row.mac)

    def walk(self, rows: Iterable[Row]) -> Iterator[Finding]:
        """The breaches among rows in order of seq; after one, it goes on from what is stored.

        A changed, exchanged or forged entry is CHANGED, as is the one after a removed entry.
        """
        before, expected = START, 1
        for row in rows:
            if row.seq != expected:
                yield Finding(Breach.MISSING, expected, f"the next entry is {row.seq}")
            if not self.fits(before, row):
                detail = "its content and its place do not fit its HMAC"
                yield Finding(Breach.CHANGED, row.seq, detail)
            before, expected = row.mac, row.seq + 1
