"""`isogate audit`: is the record of who did what whole?"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gateway.cli.exits import Exit
from gateway.cli.options import Data, Json
from gateway.cli.output import print_json, print_table, progress
from gateway.cli.places import find
from gateway.errors import ConfigError

app = typer.Typer(help="Who did what, and whether the record of it is whole.", no_args_is_help=True)


@app.command()
def verify(
    data: Data = None,
    against: Annotated[
        list[Path] | None,
        typer.Option("--against", help="An anchor file that was kept elsewhere; repeatable."),
    ] = None,
    json: Json = False,
) -> None:
    """Check every entry and the end of the chain; the gateway may run meanwhile.

    Ends with 1 if anything was changed, removed, re-ordered or cut off.
    """
    from gateway.app.layout import ANCHORS, AUDIT, AUDIT_KEY
    from gateway.audit import audit_key
    from gateway.audit import verify as verify_chain

    place = find(data)
    for needed in (place / AUDIT, place / AUDIT_KEY):
        if not needed.exists():
            raise ConfigError(f"{needed} is not there: name the data directory with --data")
    key = audit_key(place / AUDIT_KEY, place / AUDIT)
    with progress("Verifying the audit"):
        verdict = verify_chain(place / AUDIT, place / ANCHORS, key, copies=against or ())
    if json:
        print_json(verdict.as_json())
    elif verdict.is_whole:
        typer.echo(
            f"whole: {verdict.entries:,} entries, the last is {verdict.last_seq};"
            f" {verdict.anchors:,} anchors agree"
        )
    else:
        rows = [(str(each.seq), each.breach, each.detail) for each in verdict.findings]
        print_table(("entry", "what", "detail"), rows)
    if not verdict.is_whole:
        raise typer.Exit(Exit.NOT_WELL)
