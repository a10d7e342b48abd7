"""`isogate doctor`: whether this environment can carry a gateway."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from importlib.metadata import entry_points
from pathlib import Path

import typer

from gateway.cli.distributions import foreign_files
from gateway.cli.exits import Exit
from gateway.cli.options import Data, Json
from gateway.cli.output import print_json, print_table

SAFE_SQLITE = (3, 51, 3)
_ROOM = 1_000_000_000
_GROUPS = {
    "gateway.drivers": "driver",
    "gateway.rooms": "room",
    "gateway.optional_rooms": "room",
    "gateway.simulators": "simulator",
}


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check found; `well` False is something to mend."""

    check: str
    well: bool
    said: str


def doctor(data: Data = None, json: Json = False) -> None:
    """Look for what would keep a gateway from working here; exit code 1 if there is something."""
    findings = list(examine(data))
    if json:
        print_json([asdict(finding) for finding in findings])
    else:
        rows = [(each.check, "well" if each.well else "NOT WELL", each.said) for each in findings]
        print_table(("check", "", "found"), rows)
    if not all(finding.well for finding in findings):
        raise typer.Exit(Exit.NOT_WELL)


def examine(data: Path | None) -> Iterator[Finding]:
    """Every check in turn; the data directory's only if one is named."""
    checks: tuple[Callable[[], Iterator[Finding]], ...] = (_python, _names, _plugins, _sqlite)
    for check in checks:
        yield from check()
    yield from _broker()
    if data is not None:
        yield from _directory(data)


def _python() -> Iterator[Finding]:
    yield Finding("python", well=sys.version_info >= (3, 11), said=sys.version.split()[0])


def _names() -> Iterator[Finding]:
    found = foreign_files()
    yield from (Finding("names", well=False, said=str(file)) for file in found)
    if not found:
        yield Finding("names", well=True, said="no other distribution owns a file of ours")


def _plugins() -> Iterator[Finding]:
    for group, kind in _GROUPS.items():
        for plugin in sorted(entry_points(group=group), key=lambda entry: entry.name):
            try:
                plugin.load()
            except (ImportError, AttributeError) as error:
                yield Finding(kind, well=False, said=f"{plugin.name} can't be loaded: {error}")
            else:
                yield Finding(kind, well=True, said=f"{plugin.name} ({plugin.value})")


def _sqlite() -> Iterator[Finding]:
    import apsw

    version = apsw.sqlite_lib_version()
    numbers = tuple(int(part) for part in version.split("."))
    said = version if numbers >= SAFE_SQLITE else f"{version} can corrupt its log: upgrade apsw"
    yield Finding("sqlite", well=numbers >= SAFE_SQLITE, said=said)


def _broker() -> Iterator[Finding]:
    found = shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin")
    yield Finding("broker", well=True, said=found or "no Mosquitto here: iotcore is the fallback")


def _directory(data: Path) -> Iterator[Finding]:
    if not data.is_dir():
        yield Finding("data", well=False, said=f"{data} is no directory yet")
        return
    writable = os.access(data, os.W_OK | os.X_OK)
    yield Finding("data", writable, f"{data} {'can' if writable else 'can NOT'} be written")
    free = shutil.disk_usage(data).free
    yield Finding("disk", free >= _ROOM, f"{free / 1e9:,.1f} GB free")
    yield _privacy(data)
    yield from _keys(data)


def _privacy(data: Path) -> Finding:
    """Whether accounts, keys and the audit are closed to other accounts of this machine."""
    from gateway.app.private import exposed

    found = [str(path) for path in exposed(data)]
    if not found:
        return Finding("privacy", well=True, said="its owner alone may open it")
    more = f" and {len(found) - 1} more" if found[1:] else ""
    said = f"others may open {found[0]}{more}: start the gateway, which closes them, or chmod go="
    return Finding("privacy", well=False, said=said)


def _keys(data: Path) -> Iterator[Finding]:
    """Of a directory that was sealed, whether its keys lie in their usual place."""
    from gateway.app.layout import KEYS, STORE
    from gateway.errors import ConfigError
    from gateway.seal import KeyFile, load_ring
    from gateway.store import sealed_by

    known, usual = sealed_by(data / STORE), KeyFile(data / KEYS)
    if known is None or (not usual.path.exists() and not usual.path.parent.exists()):
        return
    try:
        ring = load_ring(usual, known)
    except ConfigError as error:
        yield Finding("keys", well=False, said=str(error))
    else:
        yield Finding("keys", well=True, said=f"keyring {ring.name} with {len(ring.keys)} keys")
