"""Guards our top-level names: no other installed distribution may own a file in them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import Distribution, distributions

OURS = "isogate"
TOP_LEVEL = frozenset({"gateway", "drivers", "dicom", "tps_bridge", "queue_display", "simulators"})


@dataclass(frozen=True, slots=True)
class ForeignFile:
    """A file in one of our packages that belongs to another distribution."""

    distribution: str
    path: str

    def __str__(self) -> str:
        return (
            f"{self.distribution} owns {self.path}: uninstall it, or give Isogate an environment "
            "of its own"
        )


def foreign_files(path: Sequence[str] | None = None) -> list[ForeignFile]:
    """Every file of ours that another distribution's RECORD claims, on `path` or sys.path."""
    found = distributions() if path is None else distributions(path=list(path))
    return sorted(
        (file for distribution in found for file in _claims(distribution)),
        key=lambda file: (file.distribution, file.path),
    )


def _claims(distribution: Distribution) -> Iterator[ForeignFile]:
    name = distribution.metadata["Name"] or "a distribution without a name"
    if name.lower() == OURS:
        return
    for file in distribution.files or ():
        if file.parts[0].removesuffix(".py") in TOP_LEVEL:
            yield ForeignFile(name, file.as_posix())
