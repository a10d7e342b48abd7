"""A keyring as a file: plain for the gateway, or under a passphrase for a copy kept elsewhere."""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Callable, Mapping
from typing import Any

from cryptography.exceptions import InvalidTag

from gateway.errors import ConfigError
from gateway.seal.keyring import Key, Keyring
from gateway.seal.suite import SECRET_SIZE
from gateway.seal.suites import suite_named

_FORMAT = 1
_SALT_SIZE = 16


def write_ring(ring: Keyring) -> str:
    """The ring with its secrets in plain text."""
    return _document(ring, lambda key: key.secret, {})


def write_ring_under(ring: Keyring, passphrase: str) -> str:
    """The ring with its secrets wrapped: of use only to who knows the passphrase."""
    suite, salt = ring.active.suite, os.urandom(_SALT_SIZE)
    over = suite.stretch(passphrase.encode(), salt)
    return _document(
        ring,
        lambda key: suite.wrap(over, key.secret),
        {"passphrase": {"suite": suite.name, "salt": _text(salt)}},
    )


def read_ring(text: str, where: str, ask: Callable[[], str] | None = None) -> Keyring:
    """The ring that a file holds; ConfigError names the file (`where`) and what to do.

    `ask` is called for the passphrase of a copy that has one.
    """
    try:
        document = json.loads(text)
        if document["isogate_keys"] != _FORMAT:
            raise ConfigError(f"{where} is a keyring of a newer Isogate: use the one that wrote it")
        unwrap = _unwrapping(document.get("passphrase"), where, ask)
        keys = [_key(entry, unwrap) for entry in document["keys"]]
        return Keyring(document["ring"], keys, document["active"])
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ConfigError(
            f"{where} is not a keyring of Isogate ({type(error).__name__}): put back its copy"
        ) from None
    except InvalidTag:
        raise ConfigError(f"{where}: this is not its passphrase") from None


def _document(ring: Keyring, secret: Callable[[Key], bytes], more: Mapping[str, Any]) -> str:
    keys = [
        {"id": key.id, "suite": key.suite.name, "made": key.made, "secret": _text(secret(key))}
        for key in ring.keys
    ]
    document = {"isogate_keys": _FORMAT, "ring": ring.name, "active": ring.active.id, **more}
    return json.dumps({**document, "keys": keys}, indent=1) + "\n"


def _unwrapping(
    under: Mapping[str, str] | None, where: str, ask: Callable[[], str] | None
) -> Callable[[bytes], bytes]:
    if under is None:
        return bytes
    if ask is None:
        raise ConfigError(
            f"{where} is a copy under a passphrase: lay it in place with `isogate keys import`"
        )
    suite = suite_named(under["suite"])
    over = suite.stretch(ask().encode(), _bytes(under["salt"]))
    return lambda wrapped: suite.unwrap(over, wrapped)


def _key(entry: Mapping[str, Any], unwrap: Callable[[bytes], bytes]) -> Key:
    secret = unwrap(_bytes(entry["secret"]))
    if len(secret) != SECRET_SIZE:
        raise ValueError("a secret has another size")
    return Key(int(entry["id"]), suite_named(entry["suite"]), str(entry["made"]), secret)


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _bytes(text: str) -> bytes:
    return base64.b64decode(text, validate=True)
