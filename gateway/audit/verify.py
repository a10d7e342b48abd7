"""Is the audit whole? Reads its file and its anchors, and changes neither."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from gateway.audit.anchors import Anchor, Anchors, read_anchors
from gateway.audit.chain import Breach, Chain, Finding, Row
from gateway.audit.tables import rows_of

_MOST = 100
_STEP = 50_000


@dataclass(frozen=True, slots=True)
class Verdict:
    """`entries` were read, the last of them `last_seq`; at most 100 findings are kept."""

    entries: int
    last_seq: int
    anchors: int
    findings: tuple[Finding, ...]

    @property
    def is_whole(self) -> bool:
        return not self.findings

    def as_json(self) -> dict[str, Any]:
        return {
            "whole": self.is_whole,
            "entries": self.entries,
            "last_seq": self.last_seq,
            "anchors": self.anchors,
            "findings": [
                {"breach": each.breach, "seq": each.seq, "detail": each.detail}
                for each in self.findings
            ],
        }


class _Counted:
    """Counts rows as they pass, and remembers the HMAC at each anchor."""

    def __init__(
        self, rows: Iterable[Row], anchored: Iterable[int], told: Callable[[int], None]
    ) -> None:
        self._rows, self._told = rows, told
        self.macs: dict[int, bytes] = dict.fromkeys(anchored, b"")
        self.count = self.last = 0

    def __iter__(self) -> Iterator[Row]:
        for row in self._rows:
            self.count += 1
            self.last = row.seq
            if row.seq in self.macs:
                self.macs[row.seq] = row.mac
            if self.count % _STEP == 0:
                self._told(self.count)
            yield row


def verify(
    path: Path,
    anchors: Path,
    key: bytes,
    *,
    copies: Sequence[Path] = (),
    told: Callable[[int], None] = lambda _count: None,
) -> Verdict:
    """Check a chain from its first entry to its last, and its end against the anchors.

    `copies` are anchor files kept elsewhere; `told` hears how many entries were read. What was
    written while it reads is not looked at.
    """
    log = anchors / "anchors"
    known = [each for file in (log, *copies) if file.exists() for each in read_anchors(file)]
    keeper = Anchors(anchors, key)
    try:
        head = keeper.head()
    finally:
        keeper.close()
    ends = [*known, *([head] if head is not None else ())]
    rows = _Counted(rows_of(path), (each.seq for each in ends), told)
    findings = list(islice(Chain(key).walk(rows), _MOST))
    for _ in rows if len(findings) == _MOST else ():
        pass
    findings += _against(ends, rows)
    if head is None and rows.count:
        findings.append(Finding(Breach.ANCHOR, rows.last, f"{keeper.head_path} is gone or changed"))
    return Verdict(rows.count, rows.last, len(known), tuple(findings[:_MOST]))


def _against(ends: Iterable[Anchor], rows: _Counted) -> Iterator[Finding]:
    """What the anchors know of the chain and the file does not say."""
    cut = [end.seq for end in ends if end.seq > rows.last]
    if cut:
        detail = f"entry {max(cut)} was written, and the file ends at {rows.last}"
        yield Finding(Breach.CUT, rows.last + 1, detail)
    for end in ends:
        if end.seq <= rows.last and rows.macs[end.seq] != end.mac:
            detail = "an anchor was taken of another entry: the chain was written anew"
            yield Finding(Breach.ANCHOR, end.seq, detail)
