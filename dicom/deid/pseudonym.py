"""Names that stand for names: the same for the same input under one key, and no way back."""

from __future__ import annotations

import base64
import hmac
import uuid
from datetime import date, timedelta

_SHORTEST, _SPAN = 30, 3650


class Pseudonyms:
    """Pseudonyms under one key (HMAC-SHA-256). Whoever has the key can try names; keep it."""

    def __init__(self, key: bytes) -> None:
        if len(key) < 16:  # noqa: PLR2004 - 128 bits
            raise ValueError("the key of pseudonyms needs at least 16 bytes")
        self._key = key

    def uid(self, uid: str) -> str:
        """A UID under 2.25 (PS3.5 B.2) for a UID."""
        number = uuid.UUID(bytes=self._digest("uid", uid)[:16], version=4)
        return f"2.25.{number.int}"

    def patient(self, issuer: str, identifier: str) -> str:
        """An identifier of 17 signs for a patient, also fit for a name."""
        return _code(self._digest("patient", issuer, identifier))

    def patient_of_study(self, uid: str) -> str:
        """The same for a patient of whom nothing is said but a study."""
        return _code(self._digest("patient of study", uid))

    def days(self, issuer: str, identifier: str) -> timedelta:
        """How far a patient's dates are moved into the past: a month to ten years, whole weeks.

        Whole weeks keep the day of the week, on which fractions hang.
        """
        return _weeks(self._digest("days", issuer, identifier))

    def days_of_study(self, uid: str) -> timedelta:
        """The same for a patient of whom nothing is said but a study."""
        return _weeks(self._digest("days of study", uid))

    def _digest(self, purpose: str, *parts: str) -> bytes:
        content = b"".join(
            len(part.encode()).to_bytes(4, "big") + part.encode() for part in (purpose, *parts)
        )
        return hmac.digest(self._key, content, "sha256")


def _code(digest: bytes) -> str:
    return f"P{base64.b32encode(digest[:10]).decode()}"


def _weeks(digest: bytes) -> timedelta:
    return timedelta(weeks=(_SHORTEST + int.from_bytes(digest[:4], "big") % _SPAN) // 7)


def shifted(text: str, back: timedelta) -> str:
    """A DICOM date or date-time (PS3.5 6.2) moved back; nothing where it is no date.

    Times of day and zones stay; a date of less than a day (`202611`) can't be moved and is dropped.
    """
    digits = text[:8]
    if len(digits) < 8 or not digits.isascii() or not digits.isdigit():  # noqa: PLR2004
        return ""
    try:
        day = date(int(digits[:4]), int(digits[4:6]), int(digits[6:])) - back
    except (ValueError, OverflowError):
        return ""
    return f"{day:%Y%m%d}{text[8:]}"
