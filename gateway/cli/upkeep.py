"""`isogate reload`, `backup` and `restore`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from gateway.cli.options import Data, Json
from gateway.cli.output import print_json, progress


def reload(data: Data = None, json: Json = False) -> None:
    """Let the running gateway take over its devices.yaml; only what changed restarts."""
    from gateway.cli.client import reach

    with reach(data) as gateway, progress("Reloading"):
        report = gateway.post("/reload")
    _say_report(report, json=json)


def backup(
    target: Annotated[Path, typer.Argument(metavar="TARGET", help="A directory to make.")],
    data: Data = None,
    json: Json = False,
) -> None:
    """Write one verified cut of a running gateway's events, tables and blobs to TARGET."""
    from gateway.cli.client import reach

    with reach(data) as gateway, progress(f"Writing and verifying {target}"):
        report = gateway.post("/backup", {"target": str(target.resolve())})
    _say_report(report, json=json)


def restore(
    source: Annotated[Path, typer.Argument(metavar="SOURCE", help="What `backup` wrote.")],
    target: Annotated[Path, typer.Argument(metavar="DATA", help="An empty data directory.")],
    json: Json = False,
) -> None:
    """Lay a backup into an empty DATA on which no gateway runs; everything is verified."""
    from gateway.app.layout import STORE
    from gateway.store import restore as restore_store

    with progress(f"Restoring {source} into {target}"):
        report = restore_store(source, target / STORE)
    _say_report(report.as_json(), json=json)


def _say_report(report: dict[str, Any], *, json: bool) -> None:
    if json:
        print_json(report)
        return
    for name, value in report.items():
        text = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
        typer.echo(f"{name.replace('_', ' ')}: {text or '-'}")
