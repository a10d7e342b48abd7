"""The keyring of a gateway, found where its devices.yaml says."""

from __future__ import annotations

import logging
from pathlib import Path

from gateway.app.layout import KEYS, STORE
from gateway.config import Site
from gateway.model import Clock, to_datetime
from gateway.seal import Keyring, KeySource, Rotation, key_source, load_or_make, suite_named
from gateway.store import sealed_by

log = logging.getLogger(__name__)


def source_of(site: Site, site_file: Path, data: Path) -> KeySource:
    """Where the site's keyring lies; a relative file is one beside devices.yaml."""
    return key_source(site.protection.keys, site_file.parent, data / KEYS)


def open_ring(source: KeySource, site: Site, data: Path, clock: Clock) -> Keyring:
    """The keyring, made at the first start; ConfigError if it is lost or another one."""
    known = sealed_by(data / STORE)
    suite = suite_named(site.protection.suite)
    made = to_datetime(clock.now()).isoformat(timespec="seconds")
    return load_or_make(source, known, suite, made)


def warn_of_loss(rotation: Rotation) -> None:
    """Say where the keys are, and what it means to lose them."""
    log.warning(
        "The keys of this site lie in %s. Keep a copy elsewhere (`isogate keys export`):"
        " without it nothing that identifies a patient can ever be read again.",
        rotation.place,
    )
