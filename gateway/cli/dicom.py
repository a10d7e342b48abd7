"""`isogate dicom`: a node in front, a peer's answer, the store read again."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Annotated, Any

import typer

from gateway.cli import dicom_ask, dicom_keep, dicom_queue, dicom_send
from gateway.cli.exits import Exit
from gateway.cli.options import Data, Json
from gateway.cli.output import print_json, print_table, progress, say, say_error

app = typer.Typer(no_args_is_help=True, help="The DICOM node.")
app.command()(dicom_ask.find)
app.command()(dicom_ask.move)
app.command()(dicom_ask.get)
app.command()(dicom_send.send)
app.command()(dicom_send.deid)
app.command()(dicom_keep.workitems)
app.command()(dicom_keep.retention)
app.add_typer(dicom_queue.app, name="queue")
app.add_typer(dicom_keep.reports, name="reports")

_SITE = """\
site: {{id: dicom, name: DICOM, time_zone: UTC, locale: en}}
listeners: {{http: {{port: 0}}}}
dicom:
  listeners: [{{host: {host}, port: {port}}}]
  titles: {{"{title}": {{allow: anyone}}}}
  storage: {{min_free: 100 MB}}
"""


@app.command()
def serve(
    title: Annotated[str, typer.Option(help="Our AE title.")] = "ISOGATE",
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on.")] = 11112,
    data: Annotated[
        Path,
        typer.Option("--data", envvar="ISOGATE_DATA", metavar="DIR", help="Data directory."),
    ] = Path("dicom-data"),
) -> None:
    """A node without a site file: it takes what anyone sends, until SIGTERM or Ctrl-C.

    For a site, write a section `dicom` into its devices.yaml and use `isogate run`.
    """
    from gateway.app import ServeOptions
    from gateway.cli.serving import log_to_terminal, run_gateway

    log_to_terminal(logging.INFO)
    data.mkdir(mode=0o700, parents=True, exist_ok=True)
    file = data / "dicom.yaml"
    file.write_text(_SITE.format(host=host, port=port, title=title))
    say(f"{title} answers on {host} port {port}; objects go to {data / 'dicom'}")
    run_gateway(ServeOptions(site_file=file, data=data))


@app.command()
def echo(
    peer: Annotated[str, typer.Argument(help="A peer of devices.yaml, or HOST:PORT.")],
    called: Annotated[str, typer.Option(help="Its AE title, with HOST:PORT.")] = "ANY-SCP",
    calling: Annotated[str, typer.Option(help="Ours, with HOST:PORT.")] = "ISOGATE",
    data: Data = None,
    json: Json = False,
) -> None:
    """C-ECHO: whether a peer answers, and how fast; exit code 1 if it does not."""
    host, colon, port = peer.rpartition(":")
    try:
        if colon and port.isdigit():
            seconds = _echo(host.strip("[]"), int(port), called, calling)
        else:
            seconds = _echo_by_gateway(peer, data)
    except _unanswered() as error:
        if json:
            print_json({"ok": False, "reason": str(error)})
        else:
            say_error(str(error))
        raise typer.Exit(Exit.NOT_WELL) from None
    if json:
        print_json({"ok": True, "seconds": seconds})
    else:
        typer.echo(f"{peer} answers within {seconds * 1000:.1f} ms")


@app.command()
def status(data: Data = None, json: Json = False) -> None:
    """Associations that are open now, and what is stored."""
    from gateway.cli.client import reach

    with reach(data) as gateway:
        found = gateway.get("/dicom")
    if json:
        print_json(found)
        return
    megabytes = found["bytes"] / 1e6
    say(
        f"{found['instances']} objects, {megabytes:.1f} MB; refused since start: {found['refused']}"
    )
    rows = [
        (each["calling"], each["called"], each["address"], each["activity"] or "waits")
        for each in found["associations"]
    ]
    print_table(("calling", "called", "address", "now"), rows)


@app.command()
def conformance(data: Data = None, json: Json = False) -> None:
    """The DICOM conformance statement (PS3.2) of the running node, as Markdown or for programs."""
    from gateway.cli.client import reach

    with reach(data) as gateway:
        found = gateway.get("/dicom/conformance")
    document = found.pop("document")
    if json:
        print_json(found)
    else:
        typer.echo(document)


@app.command()
def verify(
    orphans: Annotated[
        bool, typer.Option("--orphans", help="Look for files that no event names, too.")
    ] = False,
    data: Data = None,
    json: Json = False,
) -> None:
    """Read every stored object again and compare its hash; exit code 1 if one is damaged."""
    from gateway.cli.client import reach

    report: dict[str, Any] = {"objects": 0, "bytes": 0, "damaged": []}
    with reach(data) as gateway, progress("Reading the objects"):
        step = gateway.post("/dicom/verify")
        _add(report, step)
        while step["next"] is not None:
            step = gateway.post(f"/dicom/verify?after={step['next']}")
            _add(report, step)
        if orphans:
            report["orphans"] = gateway.post("/dicom/orphans")["orphans"]
    if json:
        print_json(report)
    else:
        _say_report(report)
    if report["damaged"]:
        raise typer.Exit(Exit.NOT_WELL)


def _add(report: dict[str, Any], step: dict[str, Any]) -> None:
    for key in ("objects", "bytes", "damaged"):
        report[key] += step[key]


def _say_report(report: dict[str, Any]) -> None:
    damaged = report["damaged"]
    typer.echo(f"{report['objects']} objects, {report['bytes'] / 1e6:.1f} MB read again")
    for name in report.get("orphans", ()):
        typer.echo(f"no event names the file {name}")
    if not damaged:
        typer.echo("every one is as it was acknowledged")
        return
    say_error(f"{len(damaged)} are damaged: ask their senders to send them again")
    print_table(("object", "what"), [(each["sop_instance"], each["what"]) for each in damaged])


def _echo(host: str, port: int, called: str, calling: str) -> float:
    import asyncio
    import time

    from dicom.dimse import Peer, Wanted, associate
    from dicom.services import VERIFICATION

    async def ask() -> float:
        begun = time.monotonic()
        peer = Peer(called, host, port, calling)
        async with associate(peer, [Wanted(VERIFICATION)]) as association:
            await association.echo()
        return time.monotonic() - begun

    return asyncio.run(ask())


def _echo_by_gateway(peer: str, data: Path | None) -> float:
    from gateway.cli.client import reach

    with reach(data) as gateway:
        return float(gateway.post(f"/dicom/peers/{peer}/echo")["seconds"])


def _unanswered() -> tuple[type[Exception], ...]:
    from gateway.cli.client import Refused
    from gateway.errors import DeviceUnavailable

    return (DeviceUnavailable, Refused)
