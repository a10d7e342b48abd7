"""The head of the chain, kept outside its database: cutting off the end is found by it.

`head` is rewritten at each commit, in two slots in turn, so that a torn write leaves the one
before. `anchors` grows by a line now and then; copy it, or send it, to where whoever could change
the database can't reach it. Lines are added, and none is ever replaced.
"""

from __future__ import annotations

import errno
import hmac
import os
import re
import struct
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from gateway.audit.chain import MAC_SIZE
from gateway.model import Instant
from gateway.sqlite import make_private, sync_folder

_SLOT = struct.Struct(f">qq{MAC_SIZE}s{MAC_SIZE}s")
_PERSON = b"isogate audit head"
_EVERY = 1000
_LINE = re.compile(rf"([0-9]{{1,18}}) ([0-9]{{1,18}}) ([0-9a-f]{{{2 * MAC_SIZE}}})")
_CUT_SHORT = re.compile(rf"[0-9]{{0,18}}(?: [0-9]{{0,18}}(?: [0-9a-f]{{0,{2 * MAC_SIZE - 1}}})?)?")
"""The beginning of a line whose end a crash or a full disk kept from being written."""


@dataclass(frozen=True, slots=True)
class Anchor:
    """The chain ended with the entry `seq`, whose HMAC is `mac`, at a moment."""

    seq: int
    at: Instant
    mac: bytes

    def line(self) -> str:
        return f"{self.seq} {self.at} {self.mac.hex()}\n"


def read_anchors(path: Path) -> list[Anchor]:
    """The lines of an anchor file, or of a copy of it; a ValueError names the first wrong line.

    A line that was cut short while it was written says nothing, and is left out.
    """
    anchors = []
    for number, line in enumerate(path.read_text("ascii").splitlines(), 1):
        if parts := _LINE.fullmatch(line):
            seq, at, mac = parts.groups()
            anchors.append(Anchor(int(seq), Instant(int(at)), bytes.fromhex(mac)))
        elif not _CUT_SHORT.fullmatch(line):
            raise ValueError(f"{path}:{number}: not an anchor: {line[:80]!r}")
    return anchors


def add_anchors(path: Path, anchors: Iterable[Anchor]) -> None:
    """Add lines to an anchor file, durably. What is there is only read: it may be append-only."""
    lines = "".join(each.line() for each in anchors).encode()
    descriptor = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        end = os.fstat(descriptor).st_size
        if end and os.pread(descriptor, 1, end - 1) != b"\n":
            lines = b"\n" + lines
        try:
            _write_whole(descriptor, lines)
        except OSError:
            with suppress(OSError):
                os.ftruncate(descriptor, end)
            raise
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    if not end:
        sync_folder(path.parent)


class Anchors:
    """The folder of anchors; used by one thread at a time. The key makes the head unforgeable."""

    def __init__(self, folder: Path, key: bytes) -> None:
        make_private(folder)
        self.head_path, self.log_path = folder / "head", folder / "anchors"
        self._key = key
        self._descriptor = os.open(self.head_path, os.O_RDWR | os.O_CREAT, 0o600)
        self._turn = 0
        self.logged = max((each.seq for each in _known(self.log_path)), default=0)
        """The last entry that a line names."""
        head = self.head()
        self._reached = 0 if head is None else head.seq
        sync_folder(folder)

    def close(self) -> None:
        os.close(self._descriptor)

    def head(self) -> Anchor | None:
        """The last head written; None before the first, or if neither slot is whole."""
        slots = (os.pread(self._descriptor, _SLOT.size, at) for at in (0, _SLOT.size))
        heads = [head for slot in slots if (head := self._read(slot)) is not None]
        return max(heads, key=lambda head: head.seq, default=None)

    def move(self, head: Anchor) -> None:
        """Write the head durably, never back; each thousandth entry also as a line.

        OSError: it is not all written, and may be asked for again.
        """
        if head.seq < self._reached:
            return
        slot = _SLOT.pack(head.seq, head.at, head.mac, self._seal(head))
        if os.pwrite(self._descriptor, slot, self._turn * _SLOT.size) != _SLOT.size:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        os.fdatasync(self._descriptor)
        self._turn, self._reached = 1 - self._turn, head.seq
        if head.seq // _EVERY > self.logged // _EVERY:
            self.note(head)

    def note(self, head: Anchor) -> None:
        """Add a line for the head, durably."""
        if head.seq <= self.logged:
            return
        add_anchors(self.log_path, (head,))
        self.logged = head.seq

    def _read(self, slot: bytes) -> Anchor | None:
        if len(slot) < _SLOT.size:
            return None
        seq, at, mac, seal = _SLOT.unpack(slot)
        head = Anchor(seq, Instant(at), mac)
        return head if hmac.compare_digest(seal, self._seal(head)) else None

    def _seal(self, head: Anchor) -> bytes:
        return hmac.digest(self._key, _PERSON + head.line().encode(), "sha256")


def _write_whole(descriptor: int, data: bytes) -> None:
    while data:
        data = data[os.write(descriptor, data) :]


def _known(path: Path) -> list[Anchor]:
    """The anchors of a log; of a damaged one none, which verification reports."""
    try:
        return read_anchors(path)
    except (OSError, ValueError):
        return []
