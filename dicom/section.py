"""What the parts of the section `dicom` of devices.yaml are written with."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from dicom.upper.negotiate import is_uid


def _uid(text: str) -> str:
    if not is_uid(text):
        raise ValueError(f"'{text[:70]}' is no UID")
    return text


Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]{0,62}$")]
Uid = Annotated[str, AfterValidator(_uid)]


class Section(BaseModel):
    """A part: an unknown key is an error, and numbers are finite."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


def named_twice(place: str, names: Iterable[str]) -> Iterator[str]:
    """What is wrong with names of rules that have to tell them apart."""
    counts = Counter(names)
    return (f"{place}: two rules are named {name!r}" for name in counts if counts[name] > 1)
