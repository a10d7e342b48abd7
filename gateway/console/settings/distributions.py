"""What is installed beside Isogate, and under which licence."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.metadata import PackageMetadata, distributions

_LONGEST = 60
_CLASSIFIER = "License :: "


@dataclass(frozen=True, slots=True)
class Distribution:
    """`licence` is empty where the distribution's metadata says nothing of it."""

    name: str
    version: str
    licence: str


@cache
def installed() -> tuple[Distribution, ...]:
    """Every distribution of this environment, by name."""
    found = {each.name.casefold(): each for each in _read()}
    return tuple(found[name] for name in sorted(found))


def _read() -> Iterator[Distribution]:
    for each in distributions():
        metadata = each.metadata
        if metadata["Name"]:
            yield Distribution(metadata["Name"], each.version, _licence(metadata))


def _licence(metadata: PackageMetadata) -> str:
    """The expression (PEP 639), else the classifiers, else the first line of the old field."""
    if "License-Expression" in metadata:
        return metadata["License-Expression"]
    classified = [
        str(line).rpartition(" :: ")[2]
        for line in metadata.get_all("Classifier") or ()
        if str(line).startswith(_CLASSIFIER)
    ]
    if classified:
        return ", ".join(classified)
    (text, *_) = metadata.get_all("License") or [""]
    (line, *_) = str(text).strip().splitlines() or [""]
    return line[:_LONGEST]
