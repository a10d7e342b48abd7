"""The anchors that are kept elsewhere: a file that only grows, and that the chain must fit."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from gateway.audit.anchors import Anchor, add_anchors, read_anchors
from gateway.audit.tables import macs_of


def kept_in(copy: Path) -> list[Anchor]:
    """The anchors of a copy, none if nothing was copied yet; OSError, or ValueError by line."""
    return read_anchors(copy) if copy.exists() else []


def unlike(entries: Path, anchors: Iterable[Anchor]) -> Anchor | None:
    """The last anchor whose entry the chain in a file does not have, or has otherwise."""
    known = list(anchors)
    macs = macs_of(entries, (each.seq for each in known))
    wrong = (each for each in known if macs.get(each.seq) != each.mac)
    return max(wrong, key=lambda each: each.seq, default=None)


def add_missing(entries: Path, log: Path, copy: Path) -> Anchor | None:
    """Add the lines that a copy lacks; one that speaks against the chain is given back instead.

    Then the copy stays as it is: it is evidence. OSError, or ValueError by line.
    """
    copied = kept_in(copy)
    found = unlike(entries, copied)
    if found is None:
        there = {(each.seq, each.mac) for each in copied}
        missing = [each for each in kept_in(log) if (each.seq, each.mac) not in there]
        if missing:
            add_anchors(copy, missing)
    return found
