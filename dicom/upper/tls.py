"""TLS as PS3.15 B.12 asks for it: BCP 195, TLS 1.2 and 1.3, certificates reloaded when changed."""

from __future__ import annotations

import logging
import ssl
from dataclasses import dataclass
from pathlib import Path

from gateway import ConfigError

log = logging.getLogger(__name__)

SUITES_1_2 = (
    "ECDHE-ECDSA-AES128-GCM-SHA256",
    "ECDHE-RSA-AES128-GCM-SHA256",
    "ECDHE-ECDSA-AES256-GCM-SHA384",
    "ECDHE-RSA-AES256-GCM-SHA384",
)
"""The suites that RFC 9325 4.2 recommends for TLS 1.2. Those of TLS 1.3 are OpenSSL's own."""


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """PEM files: our certificate and key, and the authorities whose certificates we trust."""

    certificate: Path | None
    key: Path | None
    ca: Path | None


class TlsContext:
    """The context for the next handshake; made anew when a file changed."""

    def __init__(self, files: TlsFiles, *, listens: bool) -> None:
        """ConfigError if the files can't be used."""
        self._files = files
        self._listens = listens
        self._stamp = self._stamped()
        self._context = self._make()

    def current(self) -> ssl.SSLContext:
        """With files that can't be used, the context before stays, and the log says so once."""
        stamp = self._stamped()
        if stamp != self._stamp:
            self._stamp = stamp
            try:
                self._context = self._make()
                log.info("tls: %s was read again", self._files.certificate or self._files.ca)
            except ConfigError as error:
                log.warning("%s; the certificate read before stays in use", error)
        return self._context

    def _stamped(self) -> tuple[tuple[int, int, int] | None, ...]:
        files = (self._files.certificate, self._files.key, self._files.ca)
        return tuple(_stamp(each) for each in files if each is not None)

    def _make(self) -> ssl.SSLContext:
        files = self._files
        side = ssl.PROTOCOL_TLS_SERVER if self._listens else ssl.PROTOCOL_TLS_CLIENT
        context = ssl.SSLContext(side)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.set_ciphers(":".join(SUITES_1_2))
        context.options |= ssl.OP_NO_COMPRESSION | ssl.OP_NO_RENEGOTIATION
        try:
            if files.certificate is not None:
                context.load_cert_chain(files.certificate, files.key)
            if files.ca is not None:
                context.load_verify_locations(files.ca)
            elif not self._listens:
                context.load_default_certs()
        except OSError as error:
            raise ConfigError(
                f"dicom: tls: {files.certificate or files.ca}: {error}: check that the files are"
                " PEM and belong together"
            ) from error
        if self._listens and files.ca is not None:
            context.verify_mode = ssl.CERT_REQUIRED
        return context


def _stamp(file: Path) -> tuple[int, int, int] | None:
    try:
        stat = file.stat()
    except OSError:
        return None
    return stat.st_mtime_ns, stat.st_size, stat.st_ino
