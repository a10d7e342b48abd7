"""`isogate keys`: the keys that seal what identifies a patient."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gateway.cli import key_copies
from gateway.cli.exits import Exit
from gateway.cli.key_copies import KEEP_A_COPY, Place, Suite, now, read, source_in
from gateway.cli.options import Data, Json
from gateway.cli.output import in_utc, print_json, print_table, progress, say
from gateway.cli.places import find, is_running

if TYPE_CHECKING:
    from gateway.seal import Keyring, KeySource

app = typer.Typer(help="The keys that seal what identifies a patient.", no_args_is_help=True)
app.command("export")(key_copies.export)
app.command("import")(key_copies.import_)
app.command("make")(key_copies.make)

_POLL = 0.5


@app.command("list")
def list_(data: Data = None, keys: Place = None, json: Json = False) -> None:
    """Every key, and who needs it (as a running gateway knows); no secret is shown."""
    place = find(data)
    report = _from_gateway(place) if is_running(place) else _from_file(source_in(place, keys))
    if json:
        print_json(report)
        return
    rows = [
        [
            str(key["id"]) + (" *" if key["active"] else ""),
            key["suite"],
            in_utc(key["made"]),
            ", ".join(key["needed_by"]) if key["needed_by"] is not None else "start the gateway",
        ]
        for key in report["keys"]
    ]
    print_table(["id (* seals)", "suite", "made", "needed by"], rows)
    say(f"Keyring {report['ring']} in {report['place']}.")


@app.command()
def rotate(suite: Suite = None, data: Data = None, keys: Place = None, json: Json = False) -> None:
    """Make a new key; everything that is written from now on is sealed with it."""
    place = find(data)
    if is_running(place):
        from gateway.cli.client import reach

        with reach(place) as gateway:
            report = gateway.post("/keys/rotate", {"suite": suite})
    else:
        source = source_in(place, keys)
        source.write(_rotated(read(source), suite))
        report = _from_file(source)
    if json:
        print_json(report)
    else:
        active = next(key["id"] for key in report["keys"] if key["active"])
        typer.echo(f"key {active} seals from now on; `isogate keys reseal` brings the rest to it")
    say(KEEP_A_COPY, style="yellow")


@app.command()
def reseal(data: Data = None, json: Json = False) -> None:
    """Bring everything that a running gateway keeps under the active key; work goes on."""
    from gateway.cli.client import reach

    with reach(data) as gateway, progress("Resealing"):
        report = gateway.post("/keys/reseal")
        while report["resealing"]["running"]:
            time.sleep(_POLL)
            report = gateway.get("/keys")
    if json:
        print_json(report)
    elif report["resealing"]["failed"]:
        say(f"not finished: {report['resealing']['failed']}", style="red")
    else:
        typer.echo("everything is under the active key; backups keep theirs")
    if report["resealing"]["failed"]:
        raise typer.Exit(Exit.REFUSED)


@app.command()
def retire(
    key: Annotated[int, typer.Argument(metavar="ID", help="A key that nobody needs.")],
    data: Data = None,
    json: Json = False,
) -> None:
    """Remove an old key for good; refused while something needs it."""
    from gateway.cli.client import reach

    with reach(data) as gateway:
        report = gateway.post("/keys/retire", {"id": key})
    if json:
        print_json(report)
    else:
        typer.echo(f"key {key} is gone")


def _from_gateway(place: Path) -> Mapping[str, Any]:
    from gateway.cli.client import reach

    with reach(place) as gateway:
        report: Mapping[str, Any] = gateway.get("/keys")
        return report


def _from_file(source: KeySource) -> Mapping[str, Any]:
    """As a gateway reports, without who needs what."""
    ring = read(source)
    return {
        "ring": ring.name,
        "place": str(source),
        "keys": [
            {
                "id": key.id,
                "suite": key.suite.name,
                "made": key.made,
                "active": key is ring.active,
                "needed_by": None,
            }
            for key in ring.keys
        ],
    }


def _rotated(ring: Keyring, suite: str | None) -> Keyring:
    from gateway.seal import suite_named

    return ring.rotated(suite_named(suite) if suite else ring.active.suite, now())
