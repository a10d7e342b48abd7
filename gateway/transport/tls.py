"""TLS for TCP in both roles: who we trust, and who we are."""

from __future__ import annotations

import ssl

from gateway.errors import ConfigError
from gateway.transport.options import TlsCaller, TlsListener


def calling(tls: TlsCaller) -> ssl.SSLContext:
    """For a connection that we open; ConfigError if a file can't be used."""
    try:
        context = ssl.create_default_context(cafile=tls.ca)
        if tls.certificate is not None:
            context.load_cert_chain(tls.certificate, tls.key)
    except OSError as error:
        raise _unusable(error) from error
    return context


def listening(tls: TlsListener) -> ssl.SSLContext:
    """For calls that we answer; with `ca`, only callers whose certificate it signed are let in."""
    try:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(tls.certificate, tls.key)
        if tls.ca is not None:
            context.load_verify_locations(tls.ca)
            context.verify_mode = ssl.CERT_REQUIRED
    except OSError as error:
        raise _unusable(error) from error
    return context


def _unusable(error: OSError) -> ConfigError:
    return ConfigError(f"tls: {error}: check that the files are PEM and belong together")
