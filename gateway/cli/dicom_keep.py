"""`isogate dicom workitems`, `reports` and `retention`: what the node keeps, and for how long."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from gateway.cli.exits import Exit
from gateway.cli.options import Data, Json
from gateway.cli.output import age, print_json, print_table, progress, say

if TYPE_CHECKING:
    from gateway.cli.client import Gateway

reports = typer.Typer(no_args_is_help=True, help="Event reports that are owed to peers.")


def workitems(
    state: Annotated[
        str, typer.Option(help="SCHEDULED, 'IN PROGRESS', COMPLETED or CANCELED.")
    ] = "",
    data: Data = None,
    json: Json = False,
) -> None:
    """Work items (Unified Procedure Steps), and how many there are in each state."""
    from gateway.cli.client import reach

    with reach(data) as gateway:
        told = gateway.get("/dicom/workitems", **({"state": state} if state else {}))
    if json:
        print_json(told)
        return
    rows = [
        (each["uid"], each["state"], each["owner"], each["keeper"], age(each["changed"]))
        for each in told["items"]
    ]
    print_table(("UID", "state", "claimed by", "made by", "changed"), rows)
    say(", ".join(f"{count} {name}" for name, count in told["counts"].items()) or "none")


def retention(
    remove: Annotated[
        bool, typer.Option("--remove", help="Remove it now; without this nothing changes.")
    ] = False,
    data: Data = None,
    json: Json = False,
) -> None:
    """Studies that rules of devices.yaml let go now, and how many they keep and why."""
    from gateway.cli.client import reach

    with reach(data) as gateway:
        told = gateway.get("/dicom/retention")
        if remove:
            told["removed"] = _removed(gateway)
    if json:
        print_json(told)
        return
    if not told["rules"]:
        say("nothing is removed: devices.yaml has no rule under dicom.retention")
        return
    rows = [
        (
            each["study"],
            each["date"],
            ",".join(each["modalities"]),
            str(each["objects"]),
            f"{each['bytes'] / 1e6:.1f} MB",
            each["rule"],
        )
        for each in told["items"]
    ]
    print_table(("study", "date", "modalities", "objects", "size", "rule"), rows)
    kept = ", ".join(f"{count} {why}" for why, count in told["kept"].items() if count)
    if kept:
        say(f"past their days and kept all the same: {kept}")
    if remove:
        gone = told["removed"]
        say(f"removed {gone['studies']} studies, {gone['objects']} objects")
    else:
        at = told["next"][:16].replace("T", " ")
        say(f"{told['studies']} studies would go now; the rules are carried out at {at}")


def _removed(gateway: Gateway) -> dict[str, int]:
    """Step by step until nothing is left to remove."""
    gone = {"studies": 0, "objects": 0, "bytes": 0}
    with progress("Removing studies"):
        while True:
            step = gateway.post("/dicom/retention/sweep")
            gone = {name: count + step[name] for name, count in gone.items()}
            if not step["more"]:
                return gone


@reports.command("list")
def list_(data: Data = None, json: Json = False) -> None:
    """By peer; exit code 1 if one can't be told, or a report was given up."""
    from gateway.cli.client import reach

    with reach(data) as gateway:
        told = gateway.get("/dicom/reports")
    peers, dead = told["peers"], told["dead"]
    if json:
        print_json(told)
    else:
        rows = [
            (name, str(each["waiting"]), "yes" if each["full"] else "", each["error"])
            for name, each in peers.items()
        ]
        print_table(("peer", "waiting", "told no more", "why it waits"), rows)
        if dead:
            given_up = [(str(each["id"]), each["peer"], each["error"]) for each in dead]
            print_table(("given up", "peer", "why"), given_up)
    if dead or any(each["error"] or each["full"] for each in peers.values()):
        raise typer.Exit(Exit.NOT_WELL)


@reports.command()
def retry(
    report: Annotated[int, typer.Argument(help="A number of `reports list`.")],
    data: Data = None,
    json: Json = False,
) -> None:
    """Send a report that was given up once more."""
    from gateway.cli.client import reach

    with reach(data) as gateway:
        answer = gateway.post(f"/dicom/reports/{report}/retry")
    if json:
        print_json(answer)
    else:
        say(f"report {report} is sent again")
