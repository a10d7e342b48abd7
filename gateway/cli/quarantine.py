"""`isogate quarantine`: what waits for a person, and reading it again."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from gateway.cli.options import Data, DeviceFilter, Json
from gateway.cli.output import print_json, print_table, progress, when
from gateway.model import QuarantineReason

app = typer.Typer(help="Messages that nobody could interpret yet.", no_args_is_help=True)

Reason = Annotated[QuarantineReason | None, typer.Option(help="Only for this reason.")]


@app.command("list")
def list_(
    device: DeviceFilter = None,
    reason: Reason = None,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="At most so many.")] = 50,
    data: Data = None,
    json: Json = False,
) -> None:
    """What still waits, oldest first."""
    from gateway.cli.client import reach

    with reach(data) as gateway:
        query = _chosen(device, reason)
        page = gateway.get("/quarantine", limit=limit, open="true", **query)
        zone = gateway.zone
    if json:
        print_json(page)
        return
    if not page["items"]:
        typer.echo("Nothing waits.")
        return
    rows = [
        [str(item["id"]), when(item["received_at"], zone), item["device"], item["detail"]]
        for item in page["items"]
    ]
    print_table(["id", "received", "device", "what"], rows)


@app.command()
def again(
    device: DeviceFilter = None,
    reason: Reason = None,
    data: Data = None,
    json: Json = False,
) -> None:
    """Read it again, after a profile or devices.yaml was mended; exit code 1 if some is left."""
    from gateway.cli.client import reach

    with reach(data) as gateway, progress("Reading the quarantine again"):
        report = gateway.post("/quarantine/interpret", _chosen(device, reason))
    if json:
        print_json(report)
    else:
        _say(report)
    if report["waiting"]:
        raise typer.Exit(1)


def _chosen(device: str | None, reason: QuarantineReason | None) -> dict[str, Any]:
    chosen = {"device": device, "reason": reason}
    return {key: value for key, value in chosen.items() if value is not None}


def _say(report: dict[str, Any]) -> None:
    typer.echo(f"resolved: {report['resolved']}, new events: {report['events']}")
    for why, count in report["waiting"].items():
        typer.echo(f"still waiting: {count}, since {why}")
