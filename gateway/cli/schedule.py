"""`isogate schedule`: a day's appointments, and files of them."""

from __future__ import annotations

from base64 import b64encode
from pathlib import Path
from typing import Annotated, Any

import typer

from gateway.cli.exits import Exit
from gateway.cli.options import Data, Json
from gateway.cli.output import print_json, print_table, when

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
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="A CSV file.")],
    book: Annotated[str, typer.Option(help="Who keeps these appointments.")],
    issuer: Annotated[str, typer.Option(help="Who gave the patients' numbers out.")] = "",
    charset: Annotated[str, typer.Option(help="utf-8 or gb18030, if not found out.")] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would happen.")] = False,
    data: Data = None,
    json: Json = False,
) -> None:
    """Take in a CSV file of appointments; exit code 1 if something of it is not taken."""
    from gateway.cli.client import reach

    body = {
        "csv": b64encode(file.read_bytes()).decode(),
        "book": book,
        "issuer": issuer,
        "charset": charset,
        "dry_run": dry_run,
    }
    with reach(data) as gateway:
        report = gateway.post("/appointments/import", body)
    if json:
        print_json(report)
    else:
        _say(report, dry_run=dry_run)
    if report["faults"] or any(row["effect"] == "faulty" for row in report["rows"]):
        raise typer.Exit(Exit.NOT_WELL)


def _say(report: dict[str, Any], *, dry_run: bool) -> None:
    also = f" (it could be {report['also']} as well)" if report["also"] else ""
    typer.echo(f"read as {report['charset']}{also}{'; nothing is changed' if dry_run else ''}")
    for fault in report["faults"]:
        typer.echo(_place(fault))
    rows = [
        (str(row["row"]), row["effect"], row["number"] or "", "; ".join(_remarks(row)))
        for row in report["rows"]
    ]
    if rows:
        print_table(("row", "effect", "number", "remarks"), rows)


def _remarks(row: dict[str, Any]) -> list[str]:
    remarks = [_place(fault) for fault in row["faults"]]
    if not row["known_patient"]:
        remarks.append("the patient is not known")
    if not row["known_resource"]:
        remarks.append("the machine or room is not declared")
    return remarks


def _place(fault: list[Any]) -> str:
    row, column, text, word = fault
    return f"row {row}, column {column}: {text} {word}".rstrip()
