"""The demo hospital that comes with Isogate."""

from __future__ import annotations

from pathlib import Path

import gateway
from gateway.errors import ConfigError


def demo_site() -> Path:
    """The shipped devices.yaml: in the wheel inside the package, in a clone beside it."""
    package = Path(gateway.__file__).parent
    for place in (package, package.parent):
        file = place / "devices.yaml"
        if file.is_file():
            return file
    raise ConfigError("the demo's devices.yaml is missing: reinstall isogate")
