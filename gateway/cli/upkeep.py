"""`isogate reload`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import typer

from gateway.cli.options import Data, Json
from gateway.cli.output import print_json, progress


def reload(data: Data = None, json: Json = False) -> None:
    """Let the running gateway take over its devices.yaml; only what changed restarts."""
    from gateway.cli.client import reach

    with reach(data) as gateway, progress("Reloading"):
        report = gateway.post("/reload")
    _say_changes(report, json=json)


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
