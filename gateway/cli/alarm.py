"""`isogate alarm`: what is wrong, and what was done about it."""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import quote

import typer

from gateway.cli.options import Data, DeviceFilter, Json
from gateway.cli.output import age, print_json, print_table

app = typer.Typer(help="What is wrong, and what people did about it.", no_args_is_help=True)

Id = Annotated[str, typer.Argument(help="The alarm, e.g. chiller-1/supply_temperature/high.")]
Why = Annotated[str, typer.Option(help="Why.")]


@app.command("list")
def list_(device: DeviceFilter = None, data: Data = None, json: Json = False) -> None:
    """Every alarm that is not normal; exit code 1 if one wants to be acknowledged."""
    from gateway.cli.client import reach

    with reach(data) as gateway:
        page = gateway.get("/alarms", **({"device": device} if device else {}))
    if json:
        print_json(page)
    elif not page["items"]:
        typer.echo("No alarms.")
    else:
        rows = [
            [item["priority"], item["standing"], age(item["since"]), item["id"], _what(item)]
            for item in page["items"]
        ]
        print_table(["priority", "standing", "for", "alarm", "what"], rows)
    if any(page["counts"]["unacknowledged"].values()):
        raise typer.Exit(1)


@app.command()
def ack(alarm: Id, reason: Why = "", data: Data = None, json: Json = False) -> None:
    """Acknowledge: somebody has seen it."""
    _act(alarm, "acknowledge", {"reason": reason}, data, json)


@app.command()
def reset(alarm: Id, reason: Why = "", data: Data = None, json: Json = False) -> None:
    """End a latched alarm whose cause is gone."""
    _act(alarm, "reset", {"reason": reason}, data, json)


@app.command()
def shelve(
    alarm: Id,
    reason: Annotated[str, typer.Option(help="Why.", prompt=True)],
    *,
    minutes: Annotated[float, typer.Option(min=1, help="For how long.")] = 60,
    once: Annotated[bool, typer.Option(help="Also no longer than it is active.")] = False,
    data: Data = None,
    json: Json = False,
) -> None:
    """Hide it for a while, for a reason."""
    wish = {"reason": reason, "minutes": minutes, "one_shot": once}
    _act(alarm, "shelve", wish, data, json)


@app.command()
def unshelve(alarm: Id, reason: Why = "", data: Data = None, json: Json = False) -> None:
    """Take it from the shelf before its time."""
    _act(alarm, "unshelve", {"reason": reason}, data, json)


def _act(alarm: str, verb: str, body: dict[str, Any], data: Data, json: bool) -> None:
    from gateway.cli.client import reach

    with reach(data) as gateway:
        item = gateway.post(f"/alarms/{quote(alarm)}/{verb}", body)
    if json:
        print_json(item)
    else:
        typer.echo(f"{item['id']} is {item['standing']}.")


def _what(item: dict[str, Any]) -> str:
    value = " ".join(part for part in (item["value"], item["unit"]) if part)
    return ": ".join(part for part in (item["name"]["en"], value) if part)
