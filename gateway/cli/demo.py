"""`isogate demo`: a whole hospital on simulators, in front, from one command."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gateway.cli.demo_accounts import DemoAccounts, code_now, furnish, read
from gateway.cli.places import USUAL_PLACES, is_running
from gateway.cli.ports import Claims, claims
from gateway.cli.ready_file import ReadyFile
from gateway.cli.serving import log_to_terminal, run_gateway
from gateway.cli.shipped import demo_site
from gateway.errors import ConfigError

if TYPE_CHECKING:
    from gateway.config import Site

READY_FILE = "demo.json"


def demo(
    port: Annotated[
        int | None,
        typer.Option(min=1, max=65535, help="Port of the pages; else 8080, or any free one."),
    ] = None,
    data: Annotated[
        Path,
        typer.Option("--data", envvar="ISOGATE_DATA", metavar="DIR", help="Data directory."),
    ] = Path("demo-data"),
    code: Annotated[
        bool, typer.Option("--code", help="Only print the administrator's one-time code of now.")
    ] = False,
) -> None:
    """A simulated hospital and its gateway, until Ctrl-C. DATA/demo.json says how to get in."""
    if code:
        _say_code(data)
        return
    from gateway.app import ServeOptions, Up
    from gateway.cli.hospital_process import hospital
    from gateway.cli.relocate import relocated
    from gateway.config import discover_drivers, discover_rooms, load_site

    log_to_terminal(logging.WARNING)
    file = demo_site()
    site = load_site(file, drivers=discover_drivers(), rooms=discover_rooms())
    if is_running(data):
        raise ConfigError(f"another gateway runs on {data}: stop it, or name another with --data")
    data.mkdir(mode=0o700, parents=True, exist_ok=True)
    papers = data / READY_FILE
    with (
        ReadyFile(papers) as ready,
        claims() as ports,
        hospital(claimed_ports(site, ports), data, papers) as places,
    ):
        http = port or ports.take(site.listeners.http.port)

        def adapt(fresh: Site) -> Site:
            return relocated(fresh, places, http)

        async def announce(up: Up) -> None:
            accounts = await furnish(up.security, data)
            ready.write({"url": up.url, **accounts.as_json()})
            _greet(up.url, data, accounts)

        run_gateway(ServeOptions(file, data, adapt=adapt, ready=announce))
    typer.echo("Stopped.")


def claimed_ports(site: Site, ports: Claims) -> dict[str, int]:
    """The ports that the site knows, and others for those that are taken."""
    from gateway.cli.relocate import ports_of

    return {name: ports.take(port) for name, port in ports_of(site).items()}


def _say_code(data: Path) -> None:
    accounts = read(data)
    if accounts is None:
        raise ConfigError(f"no demo was started on {data}: name its directory with --data")
    typer.echo(code_now(accounts.administrator))


def _greet(url: str, data: Path, accounts: DemoAccounts) -> None:
    at = "" if data in USUAL_PLACES else f" --data {data}"
    operator, administrator = accounts.operator, accounts.administrator
    typer.echo(
        f"\n  Isogate's demo hospital is up:  {url}\n\n"
        f"  Sign in as:     {operator.name}   password {operator.password}\n"
        f"  or, to manage:  {administrator.name}      password {administrator.password}"
        f"   one-time code {code_now(administrator)}\n"
        f"                  (a fresh code: isogate demo --code{at})\n"
        f"  For programs:   the token in {data / READY_FILE}, with all other secrets\n\n"
        f"  Its data:       {data}\n"
        f"  Its devices:    isogate device list{at}\n"
        f"  Make a fault:   isogate simulate fault{at} chiller silent seconds=20\n"
        f"  To stop:        Ctrl-C\n"
    )
