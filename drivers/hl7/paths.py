"""Places in a message as people write them: `OBX-3.1`, `SPM-2.1.1`."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from drivers.hl7.message import Segment

_PATH = re.compile(r"([A-Z][A-Z0-9]{2})-([1-9][0-9]{0,2})(?:\.([1-9][0-9]?))?(?:\.([1-9][0-9]?))?")


@dataclass(frozen=True, slots=True)
class Path:
    """A segment's field, or a part of it. Zero: not divided any further."""

    segment: str
    field: int
    component: int = 0
    subcomponent: int = 0

    def read(self, segments: Mapping[str, Segment | None]) -> str:
        """What stands there in the segment of that name; empty if there is none."""
        segment = segments.get(self.segment)
        if segment is None:
            return ""
        if self.subcomponent:
            return segment.part(self.field, self.component, self.subcomponent)
        if self.component:
            return segment.component(self.field, self.component)
        return segment.text(self.field)


@lru_cache(maxsize=1024)
def parse_path(text: str) -> Path:
    """ValueError with an example if `text` is not a path."""
    match = _PATH.fullmatch(text)
    if match is None:
        raise ValueError(f"'{text}' is not a place in a message; write it as OBX-3.1 or SPM-2.1.1")
    name, field, component, subcomponent = match.groups()
    return Path(name, int(field), int(component or 0), int(subcomponent or 0))


def first_of(paths: Sequence[Path], segments: Mapping[str, Segment | None]) -> str:
    """The first of these places that says something."""
    return next((found for path in paths if (found := path.read(segments).strip())), "")
