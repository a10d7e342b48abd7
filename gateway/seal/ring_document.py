"""A keyring as a file: plain for the gateway, or under a passphrase for a copy kept elsewhere."""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from cryptography.exceptions import InvalidTag

from gateway.errors import ConfigError
from gateway.seal.keyring import Key, Keyring
from gateway.seal.suite import SECRET_SIZE
from gateway.seal.suites import suite_named

_FORMAT = 1
_SALT_SIZE = 16


@dataclass(frozen=True, slots=True)
class Copy:
    """What is kept elsewhere: a ring, and by name the other secrets of its gateway."""

    ring: Keyring
    others: Mapping[str, bytes] = field(repr=False)


def write_ring(ring: Keyring) -> str:
    """The ring with its secrets in plain text."""
    return _document(Copy(ring, {}), bytes, {})


def write_copy(copy: Copy, passphrase: str | None) -> str:
    """Everything, its secrets wrapped if there is a passphrase, and of use only with it."""
    if passphrase is None:
        return _document(copy, bytes, {})
    suite, salt = copy.ring.active.suite, os.urandom(_SALT_SIZE)
    over = suite.stretch(passphrase.encode(), salt)
    under = {"passphrase": {"suite": suite.name, "salt": _text(salt)}}
    return _document(copy, lambda secret: suite.wrap(over, secret), under)


def read_ring(text: str, where: str) -> Keyring:
    """The ring that a file holds; ConfigError names the file (`where`) and what to do."""
    return read_copy(text, where, None).ring


def read_copy(text: str, where: str, ask: Callable[[], str] | None) -> Copy:
    """The ring and other secrets of a copy; `ask` is called for its passphrase if it has one."""
    try:
        document = json.loads(text)
        if document["isogate_keys"] != _FORMAT:
            raise ConfigError(f"{where} is a keyring of a newer Isogate: use the one that wrote it")
        unwrap = _unwrapping(document.get("passphrase"), where, ask)
        keys = [_key(entry, unwrap) for entry in document["keys"]]
        others = document.get("others", {}).items()
        return Copy(
            Keyring(document["ring"], keys, document["active"]),
            {str(name): unwrap(_bytes(secret)) for name, secret in others},
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ConfigError(
            f"{where} is not a keyring of Isogate ({type(error).__name__}): put back its copy"
        ) from None
    except InvalidTag:
        raise ConfigError(f"{where}: this is not its passphrase") from None


def _document(copy: Copy, shown: Callable[[bytes], bytes], more: Mapping[str, Any]) -> str:
    ring = copy.ring
    keys = [
        {
            "id": key.id,
            "suite": key.suite.name,
            "made": key.made,
            "secret": _text(shown(key.secret)),
        }
        for key in ring.keys
    ]
    others = {name: _text(shown(secret)) for name, secret in copy.others.items()}
    head = {"isogate_keys": _FORMAT, "ring": ring.name, "active": ring.active.id}
    rest = {"others": others} if others else {}
    return json.dumps({**head, **more, "keys": keys, **rest}, indent=1) + "\n"


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
