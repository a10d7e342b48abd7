"""`isogate restore`: a backup becomes a data directory again."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gateway.cli.key_copies import Place, read, source_in
from gateway.cli.options import Json
from gateway.cli.output import bar, in_utc, print_json, say
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

    The keyring is to be in DATA already (`isogate keys import`), or is named with --keys; the
    audit's key comes with the import alone, and is asked for if it is missing.
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
    missing = _missing_key(data)
    report = {
        **manifest.as_json(),
        "data": str(data),
        "damaged": shelf.damaged,
        "missing": [missing] if missing else [],
    }
    if json:
        print_json(report)
    else:
        typer.echo(
            f"{manifest.folder} restored into {data}: events up to seq {manifest.last_seq}, "
            f"{len(manifest.files)} files, made {in_utc(report['made_at'])}; "
            "every digest and count is right"
        )
    for damaged in shelf.damaged:
        say(f"Not looked at, since it is damaged: {damaged}", style="red")
    if missing:
        say(
            f"{data / missing} is missing, the key by which the audit's chain is checked: before"
            " you start the gateway, put it back from the copy of the keys with"
            f" `isogate keys import COPY --data {data}`. A gateway without it can't tell whether"
            " the audit was changed.",
            style="red",
        )


def _missing_key(data: Path) -> str:
    """The audit's key, under DATA, if it is not there; no backup contains it."""
    from gateway.app.layout import AUDIT_KEY

    return "" if (data / AUDIT_KEY).exists() else AUDIT_KEY


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
