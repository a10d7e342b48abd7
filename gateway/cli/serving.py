"""Runs a gateway in this process until it is told to stop."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gateway.app import ServeOptions

_LINE = "%(asctime)s %(levelname)-7s %(message)s"


def log_to_terminal(level: int) -> None:
    """Log lines to standard error, in this machine's time."""
    logging.basicConfig(level=level, format=_LINE, datefmt="%Y-%m-%d %H:%M:%S")
    logging.captureWarnings(capture=True)
    for talkative in ("uvicorn", "httpx"):
        logging.getLogger(talkative).setLevel(logging.WARNING)


def run_gateway(options: ServeOptions) -> None:
    """Serve until SIGINT or SIGTERM, on the faster event loop."""
    import uvloop

    from gateway.app import serve

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(serve(options))
