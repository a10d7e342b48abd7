"""Certificates of our own that end soon: said as an event, on which an alarm stands."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any

from gateway.model import Clock, sentence, to_datetime

SOON = timedelta(days=21)
"""What is left of a certificate when people begin to be told."""

CODE = "certificate"
_EVERY = 3600.0
_CERTIFICATE, _KEY = "certificate", "key"


class Standing(StrEnum):
    """How the certificates stand together: as the worst of them."""

    VALID = "valid"
    EXPIRES_SOON = "expires-soon"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class Found:
    """The worst of some certificates, and what is to be said of it."""

    standing: Standing
    detail: str = ""


def certificates_in(plain: Mapping[str, Any]) -> list[Path]:
    """The files of the certificates that a site shows its peers: of HTTPS, MLLP, DICOM, clients.

    `plain` is the site as `gateway.config.plain` has it: a certificate stands beside its key.
    """
    return sorted({Path(file) for file in _files(plain)})


def look(files: Iterable[Path], now: datetime) -> Found:
    """How certificates stand. One that can't be read is the business of whoever uses it."""
    ends = sorted((end, file) for file in files if (end := end_of(file)) is not None)
    if not ends:
        return Found(Standing.VALID)
    end, file = ends[0]
    if end > now + SOON:
        return Found(Standing.VALID)
    standing = Standing.EXPIRED if end <= now else Standing.EXPIRES_SOON
    text = sentence("{file} ends on {day}", file=file, day=end.date().isoformat())
    return Found(standing, text)


@dataclass(slots=True)
class Expiry:
    """Looks at the certificates and says when something about them is otherwise than before.

    What it found first is said as well: a certificate that was replaced while the gateway was
    down clears its alarm.
    """

    files: Callable[[], Sequence[Path]]
    clock: Clock
    say: Callable[[str, str, str], None]
    _said: Found | None = field(default=None, init=False)

    def look(self) -> None:
        """Look once."""
        files = self.files()
        found = look(files, to_datetime(self.clock.now()))
        if found == self._said or not files:
            return
        self._said = found
        self.say(CODE, found.standing, found.detail)

    async def watch(self) -> None:
        """Look every hour until cancelled."""
        while True:
            await asyncio.to_thread(self.look)
            await asyncio.sleep(_EVERY)


def _files(value: Any) -> Iterator[str]:
    match value:
        case Mapping():
            file = value.get(_CERTIFICATE)
            if isinstance(file, str) and value.get(_KEY):
                yield file
            for each in value.values():
                yield from _files(each)
        case list() | tuple():
            for each in value:
                yield from _files(each)


def end_of(file: Path) -> datetime | None:
    """When the first certificate of a PEM file ends; None if it can't be read."""
    from cryptography import x509  # noqa: PLC0415 - a gateway without certificates starts without

    try:
        return x509.load_pem_x509_certificate(file.read_bytes()).not_valid_after_utc
    except (OSError, ValueError):
        return None
