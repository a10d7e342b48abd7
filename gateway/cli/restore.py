"""`isogate restore`: a backup becomes a data directory again."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gateway.cli.key_copies import Place, read, source_in
from gateway.cli.options import Json
from gateway.cli.output import bar, in_utc, print_json
from gateway.cli.places import is_running
from gateway.errors import ConfigError

if TYPE_CHECKING:
    from gateway.seal import Keyring


def restore(
    data: Annotated[Path, typer.Argument(metavar="DATA", help="A new or empty directory.")],
    source: Annotated[Path, typer.Option("--from", metavar="DIR", help="Where the backups are.")],
    at: Annotated[
        str | None,
        typer.Option(metavar="TIME", help="The last one until then, e.g. 2026-11-23T14:00+08:00."),
    ] = None,
    keys: Place = None,
    json: Json = False,
) -> None:
    """Lay a backup into DATA, on which no gateway runs; every file is checked.

    The keyring is to be in DATA already (`isogate keys import`), or is named with --keys.
    """
    from gateway.backup import PURPOSE, shelf_of
    from gateway.backup import restore as restore_chain
    from gateway.model import Instant, from_datetime
    from gateway.seal import Sealer

    if is_running(data):
        raise ConfigError(f"a gateway runs on {data}: stop it, or restore into another directory")
    if not source.is_dir():
        raise ConfigError(f"{source} is no directory: name the one that backups were made in")
    moment: Instant | None = None if at is None else from_datetime(_moment(at))
    ring = _keyring(data, keys)
    shelf = shelf_of(source, Sealer(ring, PURPOSE))
    if not shelf.backups and shelf.damaged:
        raise ConfigError(shelf.damaged[0])
    chain = shelf.chain(shelf.until(moment))
    with bar("restore") as show:
        manifest = restore_chain(chain, data, ring, show)
    report = {**manifest.as_json(), "data": str(data), "damaged": shelf.damaged}
    if json:
        print_json(report)
        return
    typer.echo(
        f"{manifest.folder} restored into {data}: events up to seq {manifest.last_seq}, "
        f"{len(manifest.files)} files, made {in_utc(report['made_at'])}; "
        "every digest and count is right"
    )


def _keyring(data: Path, keys: str | None) -> Keyring:
    """The ring that opens the backup; one that was named is put in its usual place too."""
    from gateway.app.layout import KEYS
    from gateway.seal import KeyFile

    ring = read(source_in(data, keys))
    usual = KeyFile(data / KEYS)
    if keys is not None and keys.startswith("file:") and not usual.path.exists():
        usual.write(ring)
    return ring


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ConfigError(f"{text[:40]!r} is no time: write for example 2026-11-23T14:00") from None
    return moment.astimezone(UTC)
