"""Members of a JSON object. Pure."""

from __future__ import annotations


def unique_members(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """The object of these members (`object_pairs_hook`); ValueError if a name comes twice.

    Which of the two holds would be a guess (RFC 8259, 4).
    """
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("an object names a member twice")
    return members
