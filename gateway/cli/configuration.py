"""`isogate check` and `isogate schema`: devices.yaml before a gateway takes it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from gateway.cli.exits import Exit
from gateway.cli.options import Json, SiteFile
from gateway.cli.output import print_json, say_error

if TYPE_CHECKING:
    from gateway.errors import Problem


def check(file: SiteFile, json: Json = False) -> None:
    """Every problem of a devices.yaml at once; exit code 1 if there is one."""
    from gateway.config import check_site, discover_drivers, discover_rooms

    problems = check_site(file, drivers=discover_drivers(), rooms=discover_rooms())
    faults = [problem for problem in problems if not problem.note]
    if json:
        print_json({"ok": not faults, "problems": [_record(problem) for problem in problems]})
    else:
        for problem in problems:
            typer.echo(f"{'note: ' if problem.note else ''}{problem}")
        _say_verdict(file, len(faults))
    if faults:
        raise typer.Exit(Exit.NOT_WELL)


def schema() -> None:
    """The JSON Schema of devices.yaml, for editors."""
    from gateway.config import discover_drivers, discover_rooms, site_schema

    print_json(site_schema(drivers=discover_drivers(), rooms=discover_rooms()))


def _say_verdict(file: Path, faults: int) -> None:
    if faults:
        say_error(f"{file}: {faults} problem{'s' if faults > 1 else ''}")
        return
    from gateway.config import discover_drivers, discover_rooms, load_site
    from gateway.errors import ConfigError

    try:
        site = load_site(file, drivers=discover_drivers(), rooms=discover_rooms())
    except ConfigError:
        typer.echo(f"{file}: fine, but for what only the gateway's own machine can tell")
        return
    devices = sum(len(link.devices) for link in site.links)
    typer.echo(f"{file}: fine; devices: {devices}, links: {len(site.links)}")


def _record(problem: Problem) -> dict[str, Any]:
    return {
        "message": problem.message,
        "file": problem.file,
        "line": problem.line,
        "column": problem.column,
        "path": problem.path,
        "hint": problem.hint,
        "note": problem.note,
    }
