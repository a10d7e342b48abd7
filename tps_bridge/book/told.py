"""Whether what is counted explains how a session ended. Pure."""

from __future__ import annotations

from collections.abc import Collection

from tps_bridge.ledger import Fraction, FractionState
from tps_bridge.session.session import Session, SessionState


def is_told(
    session: Session,
    fraction: Fraction | None,
    *,
    told_by: Collection[str],
    read: Collection[str],
    settled: Collection[str],
    by_people: bool,
) -> bool:
    """Of a session that has treated; `fraction` is as far as it is counted.

    `told_by` are its records that may count, `read` all of its plan that were read, `settled` those
    of which two people said what they gave. What they said of the session (`by_people`), or of each
    of its records, is all. Else no record may be missing that its machine named, and what was
    completed must have been given whole.
    """
    if by_people:
        return True
    if not told_by or not set(session.outputs) <= set(read):
        return False
    if {*told_by, *session.outputs} <= set(settled):
        return True
    given = fraction is not None and fraction.state is FractionState.DELIVERED
    return given or session.state is not SessionState.COMPLETED
