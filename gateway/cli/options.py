"""Options that several verbs share."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, TypeAlias

import typer

Json: TypeAlias = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]
Data: TypeAlias = Annotated[
    Path | None,
    typer.Option(
        "--data",
        envvar="ISOGATE_DATA",
        metavar="DIR",
        help="Data directory of the gateway (else ./data or ./demo-data).",
        show_default=False,
    ),
]
SiteFile: TypeAlias = Annotated[
    Path, typer.Argument(metavar="FILE", help="The site's devices.yaml.", show_default=False)
]
DeviceFilter: TypeAlias = Annotated[
    str | None, typer.Option("--device", metavar="ID", help="Only this device.")
]


@contextmanager
def until_interrupted() -> Iterator[None]:
    """Ctrl-C is how a person ends what runs on; it is no failure."""
    try:
        yield
    except KeyboardInterrupt:
        return
