"""Which objects a rule is for. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from dicom.storage.object import StoredObject


@dataclass(frozen=True, slots=True)
class Match:
    """What an object must be. Within one of them any value will do; an empty one asks nothing."""

    sender: Sequence[str] = ()
    called: Sequence[str] = ()
    modality: Sequence[str] = ()
    sop_class: Sequence[str] = ()
    tags: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def fits(self, stored: StoredObject, peer: str) -> bool:
        """`peer` is the name of who sent it."""
        text, origin = stored.attributes.text, stored.origin
        return (
            _any(self.sender, peer, origin.calling)
            and _any(self.called, origin.called)
            and _any(self.modality, text("Modality"))
            and _any(self.sop_class, stored.attributes.sop_class)
            and all(_like(patterns, text(tag)) for tag, patterns in self.tags.items())
        )


ANYTHING = Match()


def _any(wanted: Sequence[str], *found: str) -> bool:
    return not wanted or any(each in wanted for each in found)


def _like(patterns: Sequence[str], text: str) -> bool:
    return any(fnmatchcase(text, pattern) for pattern in patterns)
