"""What the decoding process is asked and what it answers. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any


class Unseen(StrEnum):
    """Why something of an object can't be shown, in words."""

    NO_PIXELS = "It holds no pixels"
    NO_DECODER = "This node has no decoder for its compression"
    NO_FRAME = "It has no such frame"
    NO_SCALE = "Its dose has no scaling; it is not guessed"
    NO_VALUE = "It has no binary value there"
    NOT_BY_RULE = "It can't be de-identified by rule"
    TOO_LARGE = "It is larger than what is decoded here"
    WRONG_SIZE = "It has not as many pixels as it says"
    TOO_SLOW = "Decoding took too long and was stopped"
    DAMAGED = "It is damaged, or not as the standard says"


@dataclass(frozen=True, slots=True)
class Row:
    """One element. `depth` counts the sequences around it; `text` is cut where it is long.

    `item` numbers the items of a sequence, from 1, and is 0 for an element.
    """

    depth: int
    tag: str
    vr: str
    name: str
    text: str
    length: int
    item: int = 0
    private: bool = False


@dataclass(frozen=True, slots=True)
class Look:
    """How an object's picture can be shown.

    `low` and `high` are the values of its darkest and brightest point by default, in `unit`;
    `kind` is `grey`, `colour` or `dose`. `frame` is the one to begin with: of a dose that with the
    highest value, if `whole` says that all frames were looked at. `declared` says that the object
    itself declares its window.
    """

    kind: str
    rows: int
    columns: int
    frames: int
    low: float
    high: float
    unit: str = ""
    whole: bool = False
    declared: bool = False
    frame: int = 1

    @property
    def window(self) -> tuple[float, float]:
        """Center and width as the standard counts them (PS3.3 C.11.2.1.2.1)."""
        return (self.low + self.high) / 2 + 0.5, self.high - self.low + 1


def ends(center: float, width: float) -> tuple[float, float]:
    """The values of the darkest and the brightest point of a window; `width` is 1 or more."""
    half = (width - 1) / 2
    return center - 0.5 - half, center - 0.5 + half


@dataclass(frozen=True, slots=True)
class Picture:
    """Which picture: a frame from 1 or 0 for the first to show, a window if not the default."""

    frame: int = 0
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class Stored:
    """A frame's stored values, row by row, as little-endian integers of 8 bytes."""

    rows: int
    columns: int
    values: bytes


@dataclass(frozen=True, slots=True)
class Attributes:
    """Rows in their order; `cut` says that there are more."""

    rows: Sequence[Row]
    cut: bool


def rows_of(said: Mapping[str, Any]) -> Attributes:
    """What `said_rows` made."""
    return Attributes([Row(*each) for each in said["rows"]], said["cut"])


def said_rows(found: Attributes) -> dict[str, Any]:
    """As JSON has it."""
    return {"rows": [list(asdict(row).values()) for row in found.rows], "cut": found.cut}
