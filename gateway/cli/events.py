"""`isogate events`: the log, and what is added to it."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from gateway.cli.device import shown
from gateway.cli.options import Data, DeviceFilter, Json, until_interrupted
from gateway.cli.output import print_json, print_table, when

_PAGE = 1000


def events(
    *,
    after: Annotated[int, typer.Option(min=0, metavar="SEQ", help="Begin after this one.")] = 0,
    device: DeviceFilter = None,
    limit: Annotated[int, typer.Option(min=1, help="At most so many.")] = 50,
    follow: Annotated[
        bool, typer.Option("--follow", "-f", help="Go on with new ones until Ctrl-C.")
    ] = False,
    data: Data = None,
    json: Json = False,
) -> None:
    """Stored events in order of seq."""
    with until_interrupted():
        if follow:
            _follow(after, device, data, json=json)
        else:
            _page(after, device, limit, data, json=json)


def _page(after: int, device: str | None, limit: int, data: Data, *, json: bool) -> None:
    from gateway.cli.client import reach

    items: list[dict[str, Any]] = []
    with reach(data) as gateway:
        while len(items) < limit:
            query = {"after": after, "limit": min(limit - len(items), _PAGE)}
            page = gateway.get("/events", **query, **({"device": device} if device else {}))
            items += page["items"]
            if not page["items"]:
                break
            after = page["next"]
        zone = gateway.zone
    if json:
        print_json({"items": items, "next": after})
        return
    rows = [
        (
            str(item["seq"]),
            when(item["observed_at"], zone),
            item["device"],
            item["code"],
            shown(item),
        )
        for item in items
    ]
    print_table(("seq", "observed", "device", "point", "value"), rows)


def _follow(after: int, device: str | None, data: Data, *, json: bool) -> None:
    from gateway.cli.client import reach

    query: dict[str, str | int] = {"topics": "event"}
    if after:
        query["after"] = after
    if device:
        query["device"] = device
    with reach(data) as gateway:
        for sent in gateway.stream("/stream", **query):
            if json:
                print_json(sent.data)
            else:
                item = sent.data
                head = f"{item['seq']:>8}  {when(item['observed_at'], gateway.zone)}"
                typer.echo(f"{head}  {item['device']}  {item['code']}  {shown(item)}")
