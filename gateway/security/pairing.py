"""Displays that ask to be let in: each shows a short code until somebody approves it."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

from gateway.model import Clock, Instant
from gateway.security.secret import digest, new_code, new_secret, typed

_GROUPS = 2
_LASTS = 600 * 1_000_000
_MOST = 200


@dataclass(slots=True)
class _Pairing:
    code: str
    expires_at: Instant
    granted: str = ""


class Pairings:
    """In memory: a display that finds its pairing gone shows another code."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._waiting: OrderedDict[bytes, _Pairing] = OrderedDict()

    def begin(self) -> tuple[str, str]:
        """A secret for the display to ask again with, and the code for it to show."""
        secret, code = new_secret(), new_code(_GROUPS)
        self._waiting[digest(secret)] = _Pairing(code, Instant(self._clock.now() + _LASTS))
        while len(self._waiting) > _MOST:
            self._waiting.popitem(last=False)
        return secret, code

    def code(self, secret: str) -> str:
        """The code that a display shows; empty if it has to begin anew."""
        found = self._live(digest(secret))
        return found.code if found is not None else ""

    def waits(self, code: str) -> bool:
        """Whether a display shows `code` and was not approved yet."""
        return self._of(code) is not None

    def approve(self, code: str, granted: str) -> None:
        """Leave the secret of a display's token for it to fetch."""
        found = self._of(code)
        if found is not None:
            found.granted = granted

    def fetch(self, secret: str) -> str:
        """The secret that was granted, the first time; empty otherwise."""
        key = digest(secret)
        found = self._live(key)
        if found is None or not found.granted:
            return ""
        del self._waiting[key]
        return found.granted

    def _live(self, key: bytes) -> _Pairing | None:
        found = self._waiting.get(key)
        if found is not None and found.expires_at <= self._clock.now():
            del self._waiting[key]
            return None
        return found

    def _of(self, code: str) -> _Pairing | None:
        wanted, now = typed(code), self._clock.now()
        waiting = (each for each in self._waiting.values() if each.expires_at > now)
        return next((each for each in waiting if each.code == wanted and not each.granted), None)
