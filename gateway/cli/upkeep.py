"""`isogate reload`, `backup` and `restore`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from gateway.cli.options import Data, Json
from gateway.cli.output import in_utc, print_json, progress
from gateway.cli.places import is_running
from gateway.errors import ConfigError


def reload(data: Data = None, json: Json = False) -> None:
    """Let the running gateway take over its devices.yaml; only what changed restarts."""
    from gateway.cli.client import reach

    with reach(data) as gateway, progress("Reloading"):
        report = gateway.post("/reload")
    _say_changes(report, json=json)


def backup(
    target: Annotated[Path, typer.Argument(metavar="TARGET", help="A directory to make.")],
    data: Data = None,
    json: Json = False,
) -> None:
    """Write one verified cut of a running gateway's events, tables and blobs to TARGET."""
    from gateway.cli.client import reach

    with reach(data) as gateway, progress(f"Writing and verifying {target}"):
        report = gateway.post("/backup", {"target": str(target.absolute())})
    _say_cut(report, f"saved to {target}", json=json)


def restore(
    source: Annotated[Path, typer.Argument(metavar="SOURCE", help="What `backup` wrote.")],
    data: Annotated[Path, typer.Argument(metavar="DATA", help="An empty data directory.")],
    json: Json = False,
) -> None:
    """Lay a backup into an empty DATA on which no gateway runs; everything is verified."""
    from gateway.app.layout import STORE
    from gateway.store import restore as restore_store

    if is_running(data):
        raise ConfigError(f"a gateway runs on {data}: stop it, or restore into another directory")
    if data.exists() and any(data.iterdir()):
        raise ConfigError(f"{data} is not empty: restore into a new or empty directory")
    data.mkdir(mode=0o700, parents=True, exist_ok=True)
    with progress(f"Verifying {source} and restoring it into {data}"):
        report = restore_store(source, data / STORE)
    _say_cut(report.as_json(), f"restored into {data}", json=json)


def _say_changes(report: Mapping[str, Sequence[str]], *, json: bool) -> None:
    """What a reload changed, each kind on its line."""
    if json:
        print_json(report)
        return
    changed = {kind: names for kind, names in report.items() if names}
    for kind, names in changed.items():
        typer.echo(f"{kind.replace('_', ' ')}: {', '.join(names)}")
    if not changed:
        typer.echo("nothing changed")


def _say_cut(report: Mapping[str, Any], what: str, *, json: bool) -> None:
    if json:
        print_json(report)
        return
    files = report["files"]
    size = sum(file["size"] for file in files)
    typer.echo(
        f"{what}: events up to seq {report['last_seq']} in {len(files)} files, "
        f"{size / 1e6:,.1f} MB, made {in_utc(report['made_at'])}; every count and hash is right"
    )
