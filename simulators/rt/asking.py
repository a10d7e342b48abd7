"""An association as one opens it who only asks."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from pynetdicom import AE
from pynetdicom.association import Association


@contextmanager
def asking(entity: AE, host: str, port: int, called: str) -> Iterator[Association]:
    """An association of an entity, released at the end. ConnectionError if nobody takes it."""
    association = entity.associate(host, port, ae_title=called)
    if not association.is_established:
        raise ConnectionError(f"{called} at {host}:{port} takes no association")
    leave_answers(association)
    try:
        yield association
    finally:
        association.release()


def leave_answers(association: Association) -> None:
    """Keep answers for the one who waits for them.

    pynetdicom's own thread serves what a peer asks on the association. It is meant to rest while a
    caller waits, but its pause has a gap, in which it takes the answer, knows no use for it, and
    the caller waits until its time is up and aborts. Nobody asks anything of who only asks.
    """
    take = association.dimse.get_msg

    def waited_for(block: bool = False) -> Any:  # noqa: FBT001, FBT002 - pynetdicom's signature
        return take(block) if block else (None, None)

    association.dimse.get_msg = waited_for  # type: ignore[method-assign]
