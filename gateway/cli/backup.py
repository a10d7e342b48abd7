"""`isogate backup`: made, listed, checked and tried."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated, Any

import typer

from gateway.cli.exits import Exit
from gateway.cli.options import Data, Json
from gateway.cli.output import bar, in_utc, print_json, print_table, say

app = typer.Typer(
    help="Backups of a running gateway: daily what changed, weekly all.", no_args_is_help=True
)

Target = Annotated[
    Path | None,
    typer.Option(
        "--to",
        metavar="DIR",
        help="Another directory than that of devices.yaml.",
        show_default=False,
    ),
]

_POLL = 0.3


@app.command()
def now(
    full: Annotated[bool, typer.Option("--full", help="All of it, not only changes.")] = False,
    target: Target = None,
    adopt: Annotated[
        bool,
        typer.Option(
            "--adopt", help="Begin anew in the directory of devices.yaml: it is another disk now."
        ),
    ] = False,
    data: Data = None,
    json: Json = False,
) -> None:
    """Make a backup; it appears when all of it is on disk and was read back."""
    report = _done("backup", data, target, full=full, adopt=adopt)
    made = report["backups"][-1]
    if json:
        print_json(made)
    else:
        typer.echo(
            f"{made['folder']} in {report['target']}: events up to seq {made['last_seq']}, "
            f"{made['files']} files, {made['bytes'] / 1e6:,.1f} MB before compression"
        )


@app.command("list")
def list_(target: Target = None, data: Data = None, json: Json = False) -> None:
    """The backups that there are, and what the last drill found."""
    from gateway.cli.client import reach

    with reach(data) as gateway:
        report = gateway.get("/backups", **_query(target))
    if json:
        print_json(report)
        return
    rows = [
        [
            str(each["number"]),
            each["kind"],
            in_utc(each["made_at"]),
            str(each["last_seq"]),
            f"{each['bytes'] / 1e6:,.1f} MB",
        ]
        for each in report["backups"]
    ]
    print_table(["no", "kind", "made", "events up to", "restored"], rows)
    for damaged in report["damaged"]:
        say(damaged, style="red")
    _say_drill(report["drill"])
    if report["failed"]:
        say(report["failed"], style="red")


@app.command()
def verify(target: Target = None, data: Data = None, json: Json = False) -> None:
    """Read every archive of every backup; exit code 4 if one is damaged."""
    report = _done("verify", data, target)
    if json:
        print_json(report)
    else:
        typer.echo(f"{len(report['backups'])} backups in {report['target']} are sound")


@app.command()
def drill(target: Target = None, data: Data = None, json: Json = False) -> None:
    """Restore the latest backup into a scratch folder and read it; exit code 4 if that fails."""
    report = _done("drill", data, target)
    if json:
        print_json(report["drill"])
    else:
        _say_drill(report["drill"])


def _done(
    what: str, data: Path | None, target: Path | None, *, full: bool = False, adopt: bool = False
) -> Any:
    """Order it, show how far it is, and give the report at its end; fails as it did."""
    from gateway.cli.client import Refused, reach

    named = None if target is None else str(target.absolute())
    with reach(data) as gateway, bar(what) as show:
        asked = {"what": what, "full": full, "target": named, "adopt": adopt}
        report = gateway.post("/backups", asked)
        while report["busy"]:
            if report["work"] is not None:
                show(report["work"]["done"], report["work"]["total"])
            time.sleep(_POLL)
            report = gateway.get("/backups", **_query(target))
    if report["failed"]:
        raise Refused(report["failed"])
    if what == "backup" and not report["backups"]:
        raise typer.Exit(Exit.REFUSED)
    return report


def _query(target: Path | None) -> dict[str, str]:
    return {} if target is None else {"target": str(target.absolute())}


def _say_drill(drill: dict[str, Any] | None) -> None:
    if drill is None:
        say("No drill yet: `isogate backup drill` restores the latest backup and reads it.")
    elif drill["passed"]:
        typer.echo(
            f"drill {in_utc(drill['time'])}: {drill['folder']} restored, {drill['files']} files "
            f"and {drill['rows']} rows as saved, {drill['events']} events and "
            f"{drill['records']} records read"
        )
    else:
        say(f"the drill {in_utc(drill['time'])} failed: {drill['detail']}", style="red")
