"""`isogate patients`: who is this, and who has this number now?"""

from __future__ import annotations

from typing import Annotated, Any

import typer

from gateway.cli.options import Data, Json
from gateway.cli.output import print_json, print_table, when
from gateway.cli.sheet import Charset, DryRun, File, Issuer, take_in

app = typer.Typer(help="Patients: find one, show one, import a file.", no_args_is_help=True)


@app.command()
def find(
    text: Annotated[str, typer.Argument(help="A number, a name's beginning, a birth date.")],
    limit: Annotated[int, typer.Option(min=1, max=1000, help="At most so many.")] = 50,
    data: Data = None,
    json: Json = False,
) -> None:
    """Patients whom every word fits."""
    from gateway.cli.client import reach

    with reach(data) as gateway:
        found = gateway.post("/patients/find", {"text": text, "limit": limit})
    if json:
        print_json(found)
        return
    if not found["items"]:
        typer.echo("Nobody fits.")
        return
    rows = [
        (_number(item), _names(item), item["birth_date"] or "", item["sex"] or "", item["id"])
        for item in found["items"]
    ]
    print_table(("number", "name", "born", "sex", "id"), rows)


@app.command()
def show(
    number: Annotated[str, typer.Argument(help="An id, or a number with --issuer.")],
    issuer: Annotated[str, typer.Option(help="Who gave the number out.")] = "",
    data: Data = None,
    json: Json = False,
) -> None:
    """A patient with every number and the history."""
    from gateway.cli.client import reach

    with reach(data) as gateway:
        if issuer:
            asked = {"identifier": number, "issuer": issuer}
            patient = gateway.post("/patients/resolve", asked)
        else:
            patient = gateway.get(f"/patients/{number}")
        history = gateway.get(f"/patients/{patient['id']}/history")["items"]
        zone = gateway.zone
    if json:
        print_json({**patient, "history": history})
        return
    _say(patient)
    rows = [
        (
            when(each["at"], zone),
            each["code"],
            each["actor"] or each["source"],
            each["reason"] or "",
        )
        for each in history
    ]
    print_table(("at", "what", "by", "reason"), rows)


@app.command("import")
def import_(
    *,
    file: File,
    issuer: Issuer = "",
    charset: Charset = "",
    dry_run: DryRun = False,
    data: Data = None,
    json: Json = False,
) -> None:
    """Take in a CSV file of patients; exit code 1 if something of it is not taken."""
    given = {"issuer": issuer, "charset": charset, "dry_run": dry_run}
    take_in("/patients/import", file, given, data, json=json)


def _say(patient: dict[str, Any]) -> None:
    typer.echo(f"{_names(patient)}  {patient['birth_date'] or ''}  {patient['sex'] or ''}")
    for each in patient["identifiers"]:
        typer.echo(f"  {each['value']}  {each['type']} of {each['issuer']}")
    if patient["disputed"]:
        typer.echo(f"  in doubt: {', '.join(patient['disputed'])}")
    typer.echo()


def _number(item: dict[str, Any]) -> str:
    own = item["identifiers"][0]
    return f"{own['value']} ({own['issuer']})"


def _names(item: dict[str, Any]) -> str:
    parts = (
        " ".join(each[part] for part in ("family", "given", "middle") if part in each)
        for each in item["names"]
    )
    return ", ".join(parts)
