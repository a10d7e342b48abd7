"""The verbs of `isogate`, put together."""

from __future__ import annotations

import os
from typing import Annotated

import typer

from gateway.cli import (
    account,
    alarm,
    audit,
    backup,
    configuration,
    demo,
    device,
    dicom,
    doctor,
    events,
    exits,
    keys,
    mapping,
    patients,
    quarantine,
    restore,
    run,
    schedule,
    sessions,
    simulate,
    token,
    upkeep,
)

_PRIVATE = 0o077

app = typer.Typer(
    help="Isogate: one durable event store for a hospital's devices.",
    epilog=exits.HELP,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

app.command()(run.run)
app.command()(demo.demo)
app.command()(configuration.check)
app.command()(configuration.schema)
app.add_typer(alarm.app, name="alarm")
app.add_typer(device.app, name="device")
app.add_typer(dicom.app, name="dicom")
app.command()(events.events)
app.add_typer(quarantine.app, name="quarantine")
app.add_typer(patients.app, name="patients")
app.add_typer(schedule.app, name="schedule")
app.add_typer(sessions.app, name="sessions")
app.add_typer(mapping.app, name="mapping")
app.add_typer(simulate.app, name="simulate")
app.add_typer(account.app, name="account")
app.add_typer(token.app, name="token")
app.add_typer(audit.app, name="audit")
app.add_typer(keys.app, name="keys")
app.command()(upkeep.reload)
app.add_typer(backup.app, name="backup")
app.command()(restore.restore)
app.command()(doctor.doctor)


def _say_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(version("isogate"))
        raise typer.Exit


@app.callback()
def isogate(
    version: Annotated[  # noqa: ARG001 - its callback answers
        bool,
        typer.Option("--version", callback=_say_version, is_eager=True, help="Show the version."),
    ] = False,
) -> None:
    """One gateway, its site file and its data."""
    # What a command writes into a data directory is its owner's alone.
    os.umask(_PRIVATE)
