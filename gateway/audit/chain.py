"""The chain: each entry's HMAC covers the entry and the HMAC before it. Pure.

HMAC-SHA-256 (FIPS 198-1). Whoever lacks the key can neither change, remove, add nor re-order an
entry without breaking the chain at that place; cutting off its end leaves a whole chain, which is
why its head is also kept outside the database (`gateway.audit.anchors`).
"""

from __future__ import annotations

import hmac
import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

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
    patient: str
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


def mac_of(key: bytes, before: bytes, row: Row) -> bytes:
    """The HMAC of an entry whose predecessor has the HMAC `before`; the row's own is not read."""
    who, action = row.who.encode(), row.action.encode()
    outcome, patient = row.outcome.encode(), row.patient.encode()
    head = _HEAD.pack(row.seq, row.at, len(who), len(action), len(outcome), len(patient))
    content = b"".join((before, head, who, action, outcome, patient, row.body))
    return hmac.digest(key, content, "sha256")


def walk(key: bytes, rows: Iterable[Row]) -> Iterator[Finding]:
    """The breaches among rows in order of seq; after one, the chain goes on from what is stored.

    A changed, exchanged or forged entry is CHANGED, as is the one after a removed entry.
    """
    before, expected = START, 1
    for row in rows:
        if row.seq != expected:
            yield Finding(Breach.MISSING, expected, f"the next entry is {row.seq}")
        if not hmac.compare_digest(mac_of(key, before, row), row.mac):
            yield Finding(Breach.CHANGED, row.seq, "its content and its place do not fit its HMAC")
        before, expected = row.mac, row.seq + 1
