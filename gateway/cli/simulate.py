"""`isogate simulate`: the demo hospital's devices without a gateway, and faults on command."""

from __future__ import annotations

import socket
from importlib.metadata import entry_points
from pathlib import Path
from typing import Annotated, Any

import orjson
import typer

from gateway.cli.options import Data, Json
from gateway.cli.output import print_json, print_table
from gateway.cli.places import SIMULATORS_SOCKET, find, short_path
from gateway.errors import ConfigError, IsogateError

_GROUP = "gateway.simulators"
_HOSPITAL = "hospital"
_PATIENCE = 5.0

app = typer.Typer(
    invoke_without_command=True,
    no_args_is_help=False,
    help="Simulated devices: start them, or give a running one a fault.",
)


@app.callback()
def simulate(
    context: typer.Context,
    port: Annotated[
        list[str] | None,
        typer.Option("--port", metavar="NAME=PORT", help="Port of one endpoint; 0 is any free."),
    ] = None,
    speed: Annotated[float, typer.Option(min=0.01, help="How fast their clock runs.")] = 1.0,
    data: Data = None,
    *,
    staff: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="A demo.json: by it the staff calls patients in."),
    ] = None,
    with_parent: Annotated[
        bool, typer.Option("--with-parent", help="Stop when standard input ends.")
    ] = False,
) -> None:
    """Start every simulator in front; one JSON line says their ports when they are ready."""
    if context.invoked_subcommand is not None:
        return
    arguments = [f"--port={pair}" for pair in port or ()]
    arguments += [f"--speed={speed:g}"]
    if data is not None:
        data.mkdir(mode=0o700, parents=True, exist_ok=True)
        arguments.append(f"--control={(data / SIMULATORS_SOCKET).absolute()}")
    arguments += [f"--staff={staff}"] if staff is not None else []
    arguments += ["--with-parent"] if with_parent else []
    raise typer.Exit(_hospital()(arguments))


@app.command()
def fault(
    endpoint: Annotated[str, typer.Argument(metavar="ENDPOINT", help="As `simulate list` says.")],
    kind: Annotated[str, typer.Argument(metavar="KIND", help="The fault; `none` ends it.")],
    options: Annotated[
        list[str] | None,
        typer.Argument(metavar="[KEY=VALUE]...", help="E.g. unit=3 delay=2.5 seconds=30."),
    ] = None,
    data: Data = None,
    json: Json = False,
) -> None:
    """Give a simulated device a fault while it runs."""
    answer = _ask(data, {"endpoint": endpoint, "kind": kind, **_values(options or [])})
    if json:
        print_json(answer)
    else:
        typer.echo(f"{endpoint}: {kind}")


@app.command("list")
def list_endpoints(data: Data = None, json: Json = False) -> None:
    """The endpoints that are simulated, and the faults that each knows."""
    answer = _ask(data, {"endpoint": "", "kind": "list"})
    if json:
        print_json(answer["endpoints"])
        return
    rows = [
        (name, str(each["port"]), ", ".join(each["faults"]))
        for name, each in answer["endpoints"].items()
    ]
    print_table(("endpoint", "port", "faults"), rows)


def _hospital() -> Any:
    for point in entry_points(group=_GROUP, name=_HOSPITAL):
        return point.load()
    raise ConfigError("the simulators are not installed: reinstall isogate")


def _values(options: list[str]) -> dict[str, Any]:
    """`KEY=VALUE` pairs; a value that reads as JSON is that, any other is text."""
    values: dict[str, Any] = {}
    for option in options:
        key, sign, text = option.partition("=")
        if not sign or not key.isidentifier():
            raise typer.BadParameter(f"{option!r} is not KEY=VALUE")
        try:
            values[key] = orjson.loads(text)
        except orjson.JSONDecodeError:
            values[key] = text
    return values


def _ask(data: Path | None, request: dict[str, Any]) -> Any:
    path = find(data) / SIMULATORS_SOCKET
    try:
        with (
            short_path(path) as short,
            socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as line,
        ):
            line.settimeout(_PATIENCE)
            line.connect(short)
            line.sendall(orjson.dumps(request) + b"\n")
            answer = orjson.loads(line.makefile("rb").readline())
    except (OSError, orjson.JSONDecodeError) as error:
        raise IsogateError(
            f"no simulators answer at {path}: start them with `isogate demo`, or name the data "
            "directory with --data"
        ) from error
    if not answer["ok"]:
        raise IsogateError(answer["error"])
    return answer
