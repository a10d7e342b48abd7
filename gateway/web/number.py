"""Reads numbers from addresses."""

from __future__ import annotations

_LONGEST = 16


def number(text: str | None) -> int:
    """A whole number of at most 16 digits, or 0 for anything else."""
    return int(text) if text and text.isascii() and text.isdigit() and len(text) <= _LONGEST else 0
