"""`isogate run`: a site's gateway in front."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gateway.cli.options import SiteFile
from gateway.cli.serving import log_to_terminal, run_gateway

if TYPE_CHECKING:
    from gateway.app import Up


def run(
    file: SiteFile,
    data: Annotated[
        Path,
        typer.Option("--data", envvar="ISOGATE_DATA", metavar="DIR", help="Data directory."),
    ] = Path("data"),
) -> None:
    """Serve the site that FILE describes until SIGTERM or Ctrl-C."""
    from gateway.app import ServeOptions

    log_to_terminal(logging.INFO)
    run_gateway(ServeOptions(site_file=file, data=data, ready=_say_first_link))


async def _say_first_link(up: Up) -> None:
    """Tell whoever started a gateway without an administrator how to become the first."""
    code = await up.security.first_link()
    if code:
        typer.echo(
            f"No administrator exists yet. Become the first one within 72 hours, by this link:\n"
            f"  {up.security.front.link(code)}\n"
            f"`isogate account set-up-link` makes another one.",
        )
