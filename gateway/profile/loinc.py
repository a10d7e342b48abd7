"""LOINC codes: how they are written, and whether one can be right."""

from __future__ import annotations

import re

_FORM = re.compile(r"(\d{1,7})-(\d)")


def is_loinc(code: str) -> bool:
    """Whether a code has the form of a LOINC code and its check digit (LOINC Users' Guide, mod 10).

    A code that is written right need not exist; one that is not can't.
    """
    match = _FORM.fullmatch(code)
    return match is not None and _check_digit(match[1]) == int(match[2])


def _check_digit(number: str) -> int:
    """Luhn's digit: every second digit from the right is doubled."""
    total = 0
    for place, digit in enumerate(reversed(number)):
        value = int(digit) * (2 if place % 2 == 0 else 1)
        total += value - 9 if value > 9 else value  # noqa: PLR2004 - the sum of its digits
    return -total % 10
