"""`isogate dicom queue`: what is owed to destinations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, TypeAlias

import typer

from gateway.cli.exits import Exit
from gateway.cli.options import Data, Json
from gateway.cli.output import age, print_json, print_table, say

app = typer.Typer(no_args_is_help=True, help="Objects that go on to other nodes.")

Destination: TypeAlias = Annotated[str, typer.Argument(help="A destination of devices.yaml.")]
Numbers: TypeAlias = Annotated[
    list[int] | None,
    typer.Argument(metavar="[OBJECT…]", help="Numbers of `queue list`; without, all."),
]


@app.command("list")
def list_(
    destination: Annotated[
        str, typer.Argument(help="Entries of this destination; without, all queues.")
    ] = "",
    state: Annotated[
        str, typer.Option(help="waiting, committing, dead, done or dropped.")
    ] = "dead",
    data: Data = None,
    json: Json = False,
) -> None:
    """The queues, or entries of one; exit code 1 if one is stuck or has dead letters."""
    from gateway.cli.client import reach

    with reach(data) as gateway:
        path = f"/dicom/queues/{destination}" if destination else "/dicom/queues"
        items = gateway.get(path, state=state)["items"]
    if json:
        print_json(items)
    elif destination:
        _print_entries(items)
    else:
        _print_queues(items)
    if not destination and any(each["dead"] or each["failing"] for each in items):
        raise typer.Exit(Exit.NOT_WELL)


@app.command()
def retry(
    destination: Destination, objects: Numbers = None, data: Data = None, json: Json = False
) -> None:
    """Send dead letters again, and do not wait for the end of a pause."""
    _act("retry", destination, objects, data, json)


@app.command()
def drop(
    destination: Destination, objects: Numbers = None, data: Data = None, json: Json = False
) -> None:
    """Never send these dead letters."""
    _act("drop", destination, objects, data, json)


def _act(verb: str, destination: str, objects: list[int] | None, data: Data, json: bool) -> None:
    from gateway.cli.client import reach

    body = {"objects": objects} if objects else {}
    with reach(data) as gateway:
        answer = gateway.post(f"/dicom/queues/{destination}/{verb}", body)
    if json:
        print_json(answer)
    else:
        word = "are sent again" if verb == "retry" else "were dropped"
        say(f"{answer['objects']} objects {word}")


def _print_queues(items: Sequence[Mapping[str, Any]]) -> None:
    rows = [
        (
            each["destination"],
            str(each["waiting"]),
            str(each["committing"]),
            str(each["dead"]),
            str(each["done"]),
            age(each["oldest"]) if each["oldest"] else "",
            each["error"],
        )
        for each in items
    ]
    head = ("destination", "waiting", "uncommitted", "dead", "done", "oldest", "why it waits")
    print_table(head, rows)


def _print_entries(items: Sequence[Mapping[str, Any]]) -> None:
    rows = [
        (
            str(each["object"]),
            each["modality"],
            each["sop_instance"],
            str(each["attempts"]),
            each["error"],
        )
        for each in items
    ]
    print_table(("object", "modality", "SOP instance", "attempts", "why"), rows)
