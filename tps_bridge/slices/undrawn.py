"""Why a dose or a structure is not drawn, in words of a closed set."""

from __future__ import annotations

from enum import StrEnum


class Undrawn(StrEnum):
    OTHER_PATIENT = "It is of another patient"
    OTHER_FRAME = "It is of another frame of reference, or names none"
    OTHER_PLAN = "It is not of this plan alone"
    NOT_AXIAL = "Its planes are not axial, or its rows do not lie from side to side"
    NO_PLACE = "It does not say clearly where its planes lie"
    NO_DOSE = "Its values are no dose that can be drawn"
    NO_LEVELS = "Nothing tells what its dose is a part of"
    NO_CONTOUR = "None of its contours is closed and lies in an axial plane"
    BAD_BINS = "The bins of its histogram are not as the standard has them"
    WRONG_SIZE = "It has not as many pixels as it says"
    UNDECODED = "Its pixels can't be decoded"
    TOO_LARGE = "It is larger than what is drawn here"
    UNREAD = "Its file can't be read"
    NOT_HERE = "It is not here"


class NotDrawn(Exception):  # noqa: N818 - an answer, not a fault
    """No picture, and why; `detail` is for whoever looks into the object."""

    def __init__(self, why: Undrawn, detail: str = "") -> None:
        super().__init__(f"{why}: {detail}" if detail else str(why))
        self.why, self.detail = why, detail
