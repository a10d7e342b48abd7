"""What a CSV file does, as the command line tells it."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from gateway.cli.exits import Exit
from gateway.cli.output import print_json, print_table

File = Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="A CSV file.")]
Issuer = Annotated[str, typer.Option(help="Who gave the patients' numbers out.")]
Charset = Annotated[str, typer.Option(help="utf-8 or gb18030, if not found out.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only say what would happen.")]


def take_in(
    path: str, file: Path, given: Mapping[str, Any], data: Path | None, *, json: bool
) -> None:
    """Hand a file to the gateway and tell what it does; exit code 1 if something is not taken."""
    from gateway.cli.client import reach

    body = {"csv": b64encode(file.read_bytes()).decode(), **given}
    with reach(data) as gateway:
        report = gateway.post(path, body)
    if json:
        print_json(report)
    else:
        _say(report, dry_run=bool(given["dry_run"]))
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
    if not row.get("known_patient", True):
        remarks.append("the patient is not known")
    if not row.get("known_resource", True):
        remarks.append("the machine or room is not declared")
    if row["effect"] == "question":
        remarks.append("otherwise than what is in force: a person decides")
    return remarks


def _place(fault: list[Any]) -> str:
    row, column, text, word = fault
    return f"row {row}, column {column}: {text} {word}".rstrip()
