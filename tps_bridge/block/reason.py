"""Why a check doesn't pass, in every language. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

EN, ZH = "en", "zh-CN"


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a check doesn't pass, in every language; `key` stays the same while it is the same."""

    text: Mapping[str, str]
    key: str


def because(english: str, chinese: str, key: str = "") -> Reason:
    """A reason; without a `key` its words tell it from others."""
    return Reason({EN: english, ZH: chinese}, key or english)


def written(day: str) -> str:
    """YYYYMMDD as people write it."""
    return f"{day[:4]}-{day[4:6]}-{day[6:8]}" if day else "—"
