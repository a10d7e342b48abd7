"""`isogate device`: who is there, what they say, and the line as it happens."""

from __future__ import annotations

from base64 import b64decode
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer

from gateway.cli.options import Data, Json, until_interrupted
from gateway.cli.output import age, clock, print_json, print_table, say

app = typer.Typer(no_args_is_help=True, help="The devices of a running gateway.")


@app.command("list")
def list_devices(data: Data = None, json: Json = False) -> None:
    """Every device and how it is."""
    from gateway.cli.client import reach

    with reach(data) as gateway:
        devices = gateway.get("/devices")
    if json:
        print_json(devices)
        return
    rows = [
        (
            device["id"],
            device["link"],
            device["state"],
            age(device["last_seen"] or ""),
            device["reason"],
        )
        for device in devices
    ]
    print_table(("device", "link", "state", "heard of", "reason"), rows)


@app.command()
def latest(
    device: Annotated[str | None, typer.Argument(metavar="[ID]")] = None,
    data: Data = None,
    json: Json = False,
) -> None:
    """The last value of every point, of one device or of all."""
    from gateway.cli.client import reach

    with reach(data) as gateway:
        query = {"device": device} if device else {}
        values = gateway.get("/latest", **query)
    if json:
        print_json(values)
        return
    rows = [
        (value["device"], value["code"], shown(value), age(value["observed_at"]), standing(value))
        for value in values
    ]
    print_table(("device", "point", "value", "age", "quality"), rows)


@app.command()
def tail(
    name: Annotated[str, typer.Argument(metavar="ID", help="A device; with --raw also a link.")],
    raw: Annotated[bool, typer.Option("--raw", help="Show the bytes on the line.")] = False,
    data: Data = None,
    json: Json = False,
) -> None:
    """Follow a device's values, or with --raw the bytes of its line, until Ctrl-C."""
    with until_interrupted():
        if raw:
            _tail_line(name, data, json=json)
        else:
            _tail_values(name, data, json=json)


def standing(value: dict[str, Any]) -> str:
    """How far a value can be trusted, and what it is if it is not final."""
    quality, status = str(value["quality"]), str(value["status"])
    return quality if status == "final" else f"{quality}, {status}"


def shown(value: dict[str, Any]) -> str:
    """A value with its operator and unit, in the digits that the device sent; a state in words."""
    text = f"{value['operator'] or ''}{value['value_code'] or value['value_text'] or ''}"
    unit = value["unit"] if text and value["unit"] != "1" else ""
    return f"{text} {unit}".strip()


def _tail_values(device: str, data: Data, *, json: bool) -> None:
    from gateway.cli.client import reach

    with reach(data) as gateway:
        for sent in gateway.stream("/stream", topics="latest", device=device):
            for value in sent.data if isinstance(sent.data, list) else [sent.data]:
                if json:
                    print_json(value)
                else:
                    _say_value(value, gateway.zone)


def _say_value(value: dict[str, Any], zone: ZoneInfo) -> None:
    at = clock(value["observed_at"], zone)
    quality = "" if value["quality"] == "good" else f"  ({value['quality']})"
    typer.echo(f"{at}  {value['code']:<28}  {shown(value)}{quality}")


def _tail_line(name: str, data: Data, *, json: bool) -> None:
    from gateway.cli.client import reach
    from gateway.cli.hexdump import line

    with reach(data) as gateway:
        link, sharing = _line_of(name, gateway.get("/devices"))
        if sharing > 1:
            say(f"link {link} carries {sharing} devices; all of them are shown")
        for sent in gateway.stream(f"/links/{link}/tap"):
            if json:
                print_json(sent.data)
                continue
            if sent.data["missed"]:
                say(f"{sent.data['missed']} pieces came too fast to be shown")
            moment, direction = clock(sent.data["at"], gateway.zone), sent.data["direction"]
            typer.echo(line(moment, direction, b64decode(sent.data["bytes"])))


def _line_of(name: str, devices: list[dict[str, Any]]) -> tuple[str, int]:
    """The link that `name` is, or is on; and how many devices share it."""
    link = next((device["link"] for device in devices if device["id"] == name), name)
    return link, sum(device["link"] == link for device in devices)
