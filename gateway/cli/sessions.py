"""`isogate sessions`: a day's treatment sessions, and what is done with one."""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import quote

import typer

from gateway.cli.options import Data, Json
from gateway.cli.output import print_json, print_table, when

app = typer.Typer(help="Treatment sessions: a day, one more, one less.", no_args_is_help=True)

Id = Annotated[str, typer.Argument(help="As `isogate sessions day` shows it.")]
Why = Annotated[str, typer.Option("--reason", help="Why.", prompt=True)]


@app.command()
def day(
    day: Annotated[str, typer.Argument(help="As 2026-11-24; today if left out.")] = "",
    data: Data = None,
    json: Json = False,
) -> None:
    """What is treated on a day, and what stands against it."""
    from gateway.cli.client import reach

    with reach(data) as gateway:
        found = gateway.get("/sessions", **({"day": day} if day else {}))
        zone = gateway.zone
    if json:
        print_json(found)
        return
    rows = [
        (
            when(item["due"], zone),
            item["machine"],
            f"{item['label']} {item['fraction']}",
            " ".join((item["shown"], *item["blocked_by"])),
            item["id"],
        )
        for item in found["sessions"]
    ]
    head = ("due", "machine", "plan, fraction", "state", "session")
    print_table(head, rows, whole=("session",))


@app.command()
def schedule(
    plan: Annotated[str, typer.Argument(help="The plan's SOP Instance UID.")],
    at: Annotated[str, typer.Argument(help="As 2026-11-24T08:30, in the site's zone.")],
    *,
    group: Annotated[int, typer.Option(help="The fraction group.")] = 1,
    task: Annotated[str, typer.Option(help="VERIFY, TREAT or VERIFY_AND_TREAT.")] = "",
    data: Data = None,
    json: Json = False,
) -> None:
    """Schedule the plan's next fraction."""
    _do("", {"plan": plan, "at": at, "group": group, "task": task}, data, json)


@app.command()
def cancel(session: Id, reason: Why, data: Data = None, json: Json = False) -> None:
    """Call off a session that has not begun."""
    _do(f"/{quote(session)}/cancel", {"reason": reason}, data, json)


@app.command()
def end(session: Id, reason: Why, data: Data = None, json: Json = False) -> None:
    """End a session that its machine left in progress."""
    _do(f"/{quote(session)}/end", {"reason": reason}, data, json)


def _do(path: str, body: dict[str, Any], data: Data, json: bool) -> None:
    from gateway.cli.client import reach

    with reach(data) as gateway:
        item = gateway.post(f"/sessions{path}", body)
    if json:
        print_json(item)
    else:
        typer.echo(f"{item['id']}, fraction {item['fraction']}, is {item['shown']}.")
