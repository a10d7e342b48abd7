"""Which directory backups go to: it is known again by an id that lies in it.

The bare mount point of a share that is away looks like an empty target: without the id nothing
goes there, and nobody believes that no backup needs a key.
"""

from __future__ import annotations

import secrets
from pathlib import Path

from gateway.errors import StoreError
from gateway.sqlite import write_durably

ID = "isogate-target"
_OWNER_ONLY = 0o700


def check_target(folder: Path, known: str) -> None:
    """StoreError unless a directory is the one with this id."""
    found = _id_of(folder)
    if found != known:
        what = "has another" if found else "is not there, or lacks the"
        raise StoreError(
            f"{folder} {what} id of the target that backups went to ({known} in the file {ID}): is"
            " the share mounted? To begin anew there, run `isogate backup now --adopt`"
        )


def adopt_target(folder: Path) -> str:
    """Make a directory if need be, and give it an id if it has none; its id. May raise OSError."""
    folder.mkdir(mode=_OWNER_ONLY, parents=True, exist_ok=True)
    if not (found := _id_of(folder)):
        found = secrets.token_hex(8)
        write_durably(folder / ID, f"{found}\n".encode())
    return found


def _id_of(folder: Path) -> str:
    """Empty if there is none."""
    try:
        return (folder / ID).read_text(encoding="ascii").strip()
    except (FileNotFoundError, NotADirectoryError):
        return ""
    except (OSError, ValueError) as error:
        raise StoreError(f"{folder / ID} can't be read: {error}: is the share there?") from error
