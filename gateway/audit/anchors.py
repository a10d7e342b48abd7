"""The head of the chain, kept outside its database: cutting off the end is found by it.

`head` is rewritten at each commit, in two slots in turn, so that a torn write leaves the one
before. `anchors` grows by a line now and then; copy it, or send it, to where whoever could change
the database can't reach it.
"""

from __future__ import annotations

import hmac
import os
import struct
from dataclasses import dataclass
from pathlib import Path

from gateway.audit.chain import MAC_SIZE
from gateway.model import Instant
from gateway.sqlite import sync_folder

_SLOT = struct.Struct(f">qq{MAC_SIZE}s{MAC_SIZE}s")
_PERSON = b"isogate audit head"
_EVERY = 1000


@dataclass(frozen=True, slots=True)
class Anchor:
    """The chain ended with the entry `seq`, whose HMAC is `mac`, at a moment."""

    seq: int
    at: Instant
    mac: bytes

    def line(self) -> str:
        return f"{self.seq} {self.at} {self.mac.hex()}\n"


def read_anchors(path: Path) -> list[Anchor]:
    """The lines of an anchor file, or of a copy of it; a ValueError names the first wrong line."""
    anchors = []
    for number, line in enumerate(path.read_text("ascii").splitlines(), 1):
        parts = line.split()
        if len(parts) != len(("seq", "at", "mac")) or len(parts[2]) != 2 * MAC_SIZE:
            raise ValueError(f"{path}:{number}: not an anchor: {line[:80]!r}")
        anchors.append(Anchor(int(parts[0]), Instant(int(parts[1])), bytes.fromhex(parts[2])))
    return anchors


class Anchors:
    """The folder of anchors; used by one thread at a time. The key makes the head unforgeable."""

    def __init__(self, folder: Path, key: bytes) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.head_path, self.log_path = folder / "head", folder / "anchors"
        self._key = key
        self._descriptor = os.open(self.head_path, os.O_RDWR | os.O_CREAT, 0o600)
        self._turn = 0
        self._logged = max((each.seq for each in _known(self.log_path)), default=0)
        sync_folder(folder)

    def close(self) -> None:
        os.close(self._descriptor)

    def head(self) -> Anchor | None:
        """The last head written; None before the first, or if neither slot is whole."""
        slots = (os.pread(self._descriptor, _SLOT.size, at) for at in (0, _SLOT.size))
        heads = [head for slot in slots if (head := self._read(slot)) is not None]
        return max(heads, key=lambda head: head.seq, default=None)

    def move(self, head: Anchor) -> None:
        """Write the head durably; each thousandth entry also as a line."""
        seal = self._seal(head)
        slot = _SLOT.pack(head.seq, head.at, head.mac, seal)
        os.pwrite(self._descriptor, slot, self._turn * _SLOT.size)
        os.fdatasync(self._descriptor)
        self._turn = 1 - self._turn
        if head.seq // _EVERY > self._logged // _EVERY:
            self.note(head)

    def note(self, head: Anchor) -> None:
        """Add a line for the head, durably."""
        if head.seq <= self._logged:
            return
        descriptor = os.open(self.log_path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            os.write(descriptor, head.line().encode())
            os.fdatasync(descriptor)
        finally:
            os.close(descriptor)
        self._logged = head.seq

    def _read(self, slot: bytes) -> Anchor | None:
        if len(slot) < _SLOT.size:
            return None
        seq, at, mac, seal = _SLOT.unpack(slot)
        head = Anchor(seq, Instant(at), mac)
        return head if hmac.compare_digest(seal, self._seal(head)) else None

    def _seal(self, head: Anchor) -> bytes:
        return hmac.digest(self._key, _PERSON + head.line().encode(), "sha256")


def _known(path: Path) -> list[Anchor]:
    """The anchors of a log; of a damaged one none, which verification reports."""
    try:
        return read_anchors(path)
    except (OSError, ValueError):
        return []
