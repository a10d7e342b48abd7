"""The command line: `isogate`."""

from __future__ import annotations

import sys

from gateway.cli.exits import Exit
from gateway.errors import ConfigError, IsogateError


def main() -> None:
    """Run the verb named on the command line; an expected error is a sentence and an exit code."""
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
