"""Why a check doesn't pass, in every language. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256

EN, ZH = "en", "zh-CN"


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a check doesn't pass, in every language.

    `key` is made of the values that it rests on: another value is another reason, whatever the
    words.
    """

    text: Mapping[str, str]
    key: str


def because(english: str, chinese: str, key: str) -> Reason:
    """A reason."""
    return Reason({EN: english, ZH: chinese}, key)


def digest_of(*values: str) -> str:
    """Stands for values that are nobody's business in an event."""
    return sha256("\0".join(values).encode()).hexdigest()[:32]


def written(day: str) -> str:
    """YYYYMMDD as people write it."""
    return f"{day[:4]}-{day[4:6]}-{day[6:8]}" if day else "—"
