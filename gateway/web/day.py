"""Reads days from addresses."""

from __future__ import annotations

from datetime import date


def day_in(text: str, otherwise: date) -> date:
    """The day that an address names; another one where it names none that has days around it."""
    try:
        found = date.fromisoformat(text)
    except ValueError:
        return otherwise
    return found if date.min.year < found.year < date.max.year else otherwise
