"""The suites that this Isogate knows, by name and by the byte that names them on disk."""

from __future__ import annotations

from collections.abc import Mapping

from gateway.errors import ConfigError
from gateway.seal.aes import Aes256Gcm
from gateway.seal.sm import Sm4Gcm
from gateway.seal.suite import Suite

DEFAULT = "aes-256-gcm"

SUITES: Mapping[str, Suite] = {suite.name: suite for suite in (Aes256Gcm(), Sm4Gcm())}


def suite_named(name: str) -> Suite:
    """The suite of a name; ConfigError if this Isogate has none of it."""
    suite = SUITES.get(name)
    if suite is None:
        known = ", ".join(SUITES)
        raise ConfigError(f"no suite of algorithms is called {name[:40]!r}: known are {known}")
    return suite
