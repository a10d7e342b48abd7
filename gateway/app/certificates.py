"""The certificate of the pages, and taking over another one while they are served."""

from __future__ import annotations

import asyncio
import logging
import ssl
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeAlias

from gateway.app.expiry import SOON, end_of
from gateway.config import HttpTls
from gateway.errors import ConfigError

log = logging.getLogger(__name__)

_LOOK_EVERY = 10.0

_Stamp: TypeAlias = tuple[tuple[int, int, int], ...]


class Certificates:
    """A TLS context whose certificate can change; connections that are open keep the old one."""

    def __init__(self, files: HttpTls) -> None:
        """ConfigError if the files can't be used."""
        self._files = files
        self.context = _context(files)
        self._stamp = self._look()
        self._say_expiry()

    def reload(self) -> None:
        """Take the files over as they are; what can't be used is said, and the old ones stay.

        Tried apart first: a certificate that was replaced before its key must not break what runs.
        """
        self._stamp = self._look()
        try:
            _context(self._files)
        except ConfigError as error:
            log.warning("The certificate stays as it was: %s", error)
            return
        self.context.load_cert_chain(self._files.certificate, self._files.key)
        log.info("The certificate %s was taken over.", self._files.certificate)
        self._say_expiry()

    def look(self) -> None:
        """Reload if a file is another than when it was last looked at."""
        if self._look() != self._stamp:
            self.reload()

    async def watch(self) -> None:
        """Look now and then, until cancelled."""
        while True:
            await asyncio.sleep(_LOOK_EVERY)
            await asyncio.to_thread(self.look)

    def _look(self) -> _Stamp:
        return tuple(_stamp(path) for path in (self._files.certificate, self._files.key))

    def _say_expiry(self) -> None:
        ends = end_of(self._files.certificate)
        if ends is not None and ends < datetime.now(UTC) + SOON:
            log.warning("The certificate %s ends on %s.", self._files.certificate, ends.date())


def _context(files: HttpTls) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.load_cert_chain(files.certificate, files.key)
    except OSError as error:
        raise ConfigError(
            f"listeners.http.tls: {error}: check that {files.certificate} and {files.key} are PEM"
            " and belong together"
        ) from error
    return context


def _stamp(path: Path) -> tuple[int, int, int]:
    try:
        found = path.stat()
    except OSError:
        return (0, 0, 0)
    return (found.st_ino, found.st_mtime_ns, found.st_size)
