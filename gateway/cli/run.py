"""`isogate run`: a site's gateway in front."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Annotated

import typer

from gateway.cli.options import SiteFile
from gateway.cli.serving import log_to_terminal, run_gateway


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
    run_gateway(ServeOptions(site_file=file, data=data))
