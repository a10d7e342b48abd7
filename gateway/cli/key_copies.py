"""`isogate keys export`, `import` and `make`: keyrings as files."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gateway.cli.options import Data, Json
from gateway.cli.output import print_json, say
from gateway.cli.places import find, is_running
from gateway.errors import ConfigError

if TYPE_CHECKING:
    from gateway.seal import Keyring, KeySource

Place = Annotated[
    str | None,
    typer.Option(
        "--keys",
        metavar="REF",
        help="Where the keyring lies, as in devices.yaml: file:PATH or env:NAME.",
        show_default="DATA/keys/ring.json",
    ),
]
Suite = Annotated[str | None, typer.Option(help="aes-256-gcm or sm4-gcm.")]
Plain = Annotated[bool, typer.Option("--plain", help="Without a passphrase.")]

KEEP_A_COPY = (
    "Keep a copy of the keyring elsewhere (`isogate keys export`): without it, nothing that"
    " identifies a patient can ever be read again."
)
_VARIABLE = "ISOGATE_PASSPHRASE"
_LARGEST = 64 * 1024


def export(
    target: Annotated[Path, typer.Argument(metavar="TARGET", help="A file to make.")],
    plain: Plain = False,
    data: Data = None,
    keys: Place = None,
    json: Json = False,
) -> None:
    """Write a copy of the keyring, and of what lies beside it, to keep elsewhere.

    Under a passphrase, which is asked for or stands in ISOGATE_PASSPHRASE.
    """
    from gateway.app.layout import KEYS
    from gateway.seal import Copy, write_copy, write_secret

    if target.exists():
        raise ConfigError(f"{target} exists: name another file")
    usual = find(data) / KEYS
    copy = Copy(read(source_in(find(data), keys)), _others(usual.parent, usual.name))
    write_secret(target, write_copy(copy, None if plain else _passphrase(confirm=True)))
    report = {"target": str(target), "ring": copy.ring.name, "others": sorted(copy.others)}
    if json:
        print_json(report)
    else:
        typer.echo(f"keyring {copy.ring.name} copied to {target}; bring it to another place")


def import_(
    copy: Annotated[Path, typer.Argument(metavar="COPY", help="What `keys export` wrote.")],
    data: Data = None,
    keys: Place = None,
    json: Json = False,
) -> None:
    """Put a copy of the keyring back in its place; nothing there is lost by it."""
    from gateway.app.layout import KEYS
    from gateway.seal import read_copy

    place = find(data)
    if is_running(place):
        raise ConfigError(f"a gateway runs on {place}: stop it before you exchange its keys")
    source = source_in(place, keys)
    found = read_copy(_text_of(copy), str(copy), _passphrase)
    if not _is_there(source, found.ring):
        source.write(found.ring)
    folder = (place / KEYS).parent
    for name, secret in found.others.items():
        _put(folder / Path(name).name, secret)
    report = {"ring": found.ring.name, "place": str(source), "others": sorted(found.others)}
    if json:
        print_json(report)
    else:
        typer.echo(f"keyring {found.ring.name} is in {source}")


def make(
    target: Annotated[Path, typer.Argument(metavar="TARGET", help="A file to make.")],
    suite: Suite = None,
    json: Json = False,
) -> None:
    """Make a keyring for a gateway that has none, where `protection.keys` will name it."""
    from gateway.seal import DEFAULT, KeyFile, Keyring, suite_named

    if target.exists():
        raise ConfigError(f"{target} exists: name another file")
    ring = Keyring.fresh(suite_named(suite or DEFAULT), now())
    KeyFile(target).write(ring)
    if json:
        print_json({"ring": ring.name, "place": str(target)})
    else:
        typer.echo(f"keyring {ring.name} made in {target}")
    say(KEEP_A_COPY, style="yellow")


def source_in(place: Path, reference: str | None) -> KeySource:
    """The source that a reference names, else the usual one of a data directory."""
    from gateway.app.layout import KEYS
    from gateway.seal import key_source

    return key_source(reference, Path(), place / KEYS)


def read(source: KeySource) -> Keyring:
    """The ring of a source; ConfigError if it has none."""
    from gateway.seal import load_ring

    return load_ring(source, None)


def _is_there(source: KeySource, ring: Keyring) -> bool:
    """Whether a source holds all of a copy, so that it need not be written (nor can, of `env:`).

    ConfigError: what is there is another ring, or holds more.
    """
    there = source.read()
    if there is None:
        return False
    if there.name != ring.name:
        raise ConfigError(f"{source} holds the keyring {there.name}: move that file away first")
    missing = {key.id for key in there.keys} - {key.id for key in ring.keys}
    if missing:
        raise ConfigError(
            f"{source} has keys that the copy lacks ({', '.join(map(str, sorted(missing)))}): it is"
            " older; leave the one that is there"
        )
    return there.active.id == ring.active.id and len(there.keys) == len(ring.keys)


def _others(folder: Path, ring: str) -> dict[str, bytes]:
    """The other secrets that lie beside the keyring: the audit's key."""
    if not folder.is_dir():
        return {}
    files = (file for file in sorted(folder.iterdir()) if file.name != ring)
    return {file.name: file.read_bytes() for file in files if file.stat().st_size <= _LARGEST}


def _put(path: Path, secret: bytes) -> None:
    """A secret in its place, unless there is one."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return
    with os.fdopen(descriptor, "wb") as file:
        file.write(secret)
        file.flush()
        os.fsync(descriptor)


def _text_of(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise ConfigError(f"{path} can't be read: {error}") from error


def _passphrase(*, confirm: bool = False) -> str:
    found = os.environ.get(_VARIABLE)
    if found is not None:
        return found
    asked: str = typer.prompt("Passphrase", hide_input=True, confirmation_prompt=confirm, err=True)
    return asked


def now() -> str:
    """This moment in RFC 3339."""
    return datetime.now(UTC).isoformat(timespec="seconds")
