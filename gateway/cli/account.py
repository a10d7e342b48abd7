"""`isogate account`: who may sign in, as the owner of the gateway's machine sees to it."""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import quote

import typer

from gateway.cli.options import Data, Json
from gateway.cli.output import age, print_json, print_table

app = typer.Typer(help="Who may sign in, and what each may do.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(metavar="NAME", help="What is typed at sign-in.")]


@app.command()
def add(
    name: Name,
    role: Annotated[
        list[str],
        typer.Option(
            help="therapist, physicist, oncologist, laboratory, facilities, engineer, "
            "or alone: auditor, administrator. Once or more."
        ),
    ],
    full_name: Annotated[str, typer.Option(metavar="TEXT", help="The person's name.")] = "",
    department: Annotated[
        list[str] | None, typer.Option(help="Only this one's devices; once or more.")
    ] = None,
    *,
    data: Data = None,
    json: Json = False,
) -> None:
    """Make an account; its person sets it up by the link that is printed."""
    body = {"name": name, "display": full_name, "roles": role, "departments": department or []}
    _link(_post("/accounts", data, body), json=json)


@app.command("list")
def list_(data: Data = None, json: Json = False) -> None:
    """Every account and how it is."""
    from gateway.cli.client import reach

    with reach(data) as gateway:
        accounts = gateway.get("/accounts")
    if json:
        print_json(accounts)
        return
    rows = [
        (
            each["name"],
            ", ".join(each["roles"]),
            ", ".join(each["departments"]) or "all",
            "yes" if each["second_factor"] else "no",
            _standing(each),
            age(each["signed_in_at"] or ""),
        )
        for each in accounts
    ]
    print_table(("account", "roles", "departments", "2nd factor", "state", "signed in"), rows)


@app.command()
def lock(
    name: Name,
    reason: Annotated[str, typer.Option(help="Why.", prompt=True)],
    data: Data = None,
    json: Json = False,
) -> None:
    """Close an account, and sign its person out everywhere."""
    _act(name, "lock", data, {"why": reason}, json=json)


@app.command()
def unlock(name: Name, data: Data = None, json: Json = False) -> None:
    """Open it again; delays after failed attempts are forgotten."""
    _act(name, "unlock", data, json=json)


@app.command("reset-totp")
def reset_totp(name: Name, data: Data = None, json: Json = False) -> None:
    """Take its second factor away, for a lost phone."""
    _act(name, "reset-totp", data, json=json)


@app.command("set-up-link")
def set_up_link(
    name: Annotated[
        str, typer.Argument(metavar="[NAME]", help="Without one: the first administrator's.")
    ] = "",
    data: Data = None,
    json: Json = False,
) -> None:
    """A new one-time link to choose a password; links made before are void."""
    path = f"/accounts/{quote(name, safe='')}/set-up-link" if name else "/set-up-link"
    _link(_post(path, data), json=json)


def _standing(account: dict[str, Any]) -> str:
    if account["locked"]:
        return "locked"
    return "in use" if account["set_up"] else "waits"


def _post(path: str, data: Data, body: dict[str, Any] | None = None) -> Any:
    from gateway.cli.client import reach

    with reach(data) as gateway:
        return gateway.post(path, body)


def _act(
    name: str, verb: str, data: Data, body: dict[str, Any] | None = None, *, json: bool
) -> None:
    account = _post(f"/accounts/{quote(name, safe='')}/{verb}", data, body)
    if json:
        print_json(account)
    else:
        typer.echo(f"{account['name']}: {_standing(account)}")


def _link(answer: dict[str, str], *, json: bool) -> None:
    if json:
        print_json(answer)
        return
    typer.echo(answer["link"])
    typer.echo("It works once, within 72 hours. Give it to its person only.", err=True)
