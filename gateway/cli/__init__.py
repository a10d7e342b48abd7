"""The command line: `isogate`."""

from __future__ import annotations

import gc
import sys

from gateway.cli.exits import Exit
from gateway.errors import ConfigError, IsogateError

_BETWEEN_COLLECTIONS = 20_000
"""Objects made and not freed before the collector looks: most are modules, and stay."""


def main() -> None:
    """Run the verb named on the command line; an expected error is a sentence and an exit code."""
    gc.set_threshold(_BETWEEN_COLLECTIONS)
    from gateway.cli.client import NoGateway
    from gateway.cli.output import say_error
    from gateway.cli.verbs import app

    try:
        app(prog_name="isogate")
    except NoGateway as error:
        say_error(str(error))
        sys.exit(Exit.NO_GATEWAY)
    except ConfigError as error:
        say_error(str(error))
        sys.exit(Exit.BAD_CONFIG)
    except IsogateError as error:
        say_error(str(error))
        sys.exit(Exit.REFUSED)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(Exit.OK)
