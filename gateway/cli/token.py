"""`isogate token`: how programs, devices and displays show who they are."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import quote

import typer

from gateway.cli.options import Data, Json
from gateway.cli.output import age, print_json, print_table

app = typer.Typer(help="Tokens of programs, devices and displays.", no_args_is_help=True)


@app.command()
def add(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Used once, e.g. ris-export.")],
    may: Annotated[list[str], typer.Option(help="A permission, e.g. events.read; once or more.")],
    *,
    department: Annotated[
        list[str] | None, typer.Option(help="Only this one's devices; once or more.")
    ] = None,
    scope: Annotated[str, typer.Option(help="Only for one zone:ID or link:ID.")] = "",
    device: Annotated[bool, typer.Option("--device", help="A device holds it.")] = False,
    days: Annotated[int | None, typer.Option(min=1, help="Until it ends by itself.")] = None,
    data: Data = None,
    json: Json = False,
) -> None:
    """Make a token; it is printed this once."""
    from gateway.cli.client import reach

    body = {
        "name": name,
        "permissions": may,
        "departments": department or [],
        "scope": scope,
        "kind": "device" if device else "api",
        "days": days,
    }
    with reach(data) as gateway:
        answer = gateway.post("/tokens", body)
    if json:
        print_json(answer)
    else:
        typer.echo(answer["token"])


@app.command("list")
def list_(data: Data = None, json: Json = False) -> None:
    """Every token, valid or not."""
    from gateway.cli.client import reach

    with reach(data) as gateway:
        tokens = gateway.get("/tokens")
    if json:
        print_json(tokens)
        return
    rows = [
        (
            each["name"],
            each["kind"],
            " ".join(each["permissions"]),
            each["scope"] or "all",
            "valid" if each["valid"] else "revoked" if each["revoked_at"] else "expired",
            age(each["used_at"] or ""),
        )
        for each in tokens
    ]
    print_table(("token", "kind", "may", "for", "state", "used"), rows)


@app.command()
def revoke(
    name: Annotated[str, typer.Argument(metavar="NAME")], data: Data = None, json: Json = False
) -> None:
    """Refuse a token from now on."""
    from gateway.cli.client import reach

    with reach(data) as gateway:
        token = gateway.post(f"/tokens/{quote(name, safe='')}/revoke")
    if json:
        print_json(token)
    else:
        typer.echo(f"{token['name']}: revoked")
