"""`isogate schedule`: a day's appointments, and files of them."""

from __future__ import annotations

from typing import Annotated

import typer

from gateway.cli.options import Data, Json
from gateway.cli.output import print_json, print_table, when
from gateway.cli.sheet import Charset, DryRun, File, Issuer, take_in

app = typer.Typer(help="The schedule: show a day, import a file.", no_args_is_help=True)


@app.command()
def day(
    day: Annotated[str, typer.Argument(help="As 2026-11-24; today if left out.")] = "",
    resource: Annotated[str, typer.Option(help="Only this machine or room.")] = "",
    data: Data = None,
    json: Json = False,
) -> None:
    """What is booked on a day."""
    from gateway.cli.client import reach

    query = {name: text for name, text in (("day", day), ("resource", resource)) if text}
    with reach(data) as gateway:
        found = gateway.get("/appointments", **query)
        zone = gateway.zone
    if json:
        print_json(found)
        return
    rows = [
        (
            when(item["start"], zone) if item["start"] else "",
            item["resource"] or "",
            item["patient"]["name"] or item["patient"]["number"],
            item["title"],
            item["status"],
        )
        for item in found["items"]
    ]
    print_table(("start", "where", "patient", "what", "status"), rows)


@app.command("import")
def import_(
    *,
    file: File,
    book: Annotated[str, typer.Option(help="Who keeps these appointments.")],
    issuer: Issuer = "",
    charset: Charset = "",
    dry_run: DryRun = False,
    data: Data = None,
    json: Json = False,
) -> None:
    """Take in a CSV file of appointments; exit code 1 if something of it is not taken."""
    given = {"book": book, "issuer": issuer, "charset": charset, "dry_run": dry_run}
    take_in("/appointments/import", file, given, data, json=json)
