"""The errors a caller acts on differently; everything else is a bug and keeps its own type."""

from __future__ import annotations

from dataclasses import dataclass


class IsogateError(Exception):
    """Root of every error that Isogate raises on purpose.

    The message says what happened, where (device or link id) and what to do.
    """


@dataclass(frozen=True, slots=True)
class Problem:
    """One fault of a configuration file, where it stands and how to mend it.

    `line` and `column` count from 1; 0 means that the fault has no single place. A `note` tells
    something worth knowing and stops nothing.
    """

    message: str
    file: str = ""
    line: int = 0
    column: int = 0
    path: str = ""
    hint: str = ""
    note: bool = False

    def __str__(self) -> str:
        place = ":".join(str(part) for part in (self.file, self.line, self.column) if part)
        at = f"{self.path}: " if self.path else ""
        hint = f" ({self.hint})" if self.hint else ""
        return f"{place}: {at}{self.message}{hint}" if place else f"{at}{self.message}{hint}"


class ConfigError(IsogateError):
    """The configuration is wrong: never retried, shown to the person who can mend it."""

    def __init__(self, message: str, problems: tuple[Problem, ...] = ()) -> None:
        super().__init__(message)
        self.problems = problems

    def __str__(self) -> str:
        return "\n".join([super().__str__(), *(str(problem) for problem in self.problems)])


class DeviceUnavailable(IsogateError):  # noqa: N818 - a state of the world, named as staff name it
    """A device or its link does not answer: retried with back-off, its values go stale."""


class ProtocolViolation(IsogateError):  # noqa: N818 - named for what the peer did
    """The peer broke its protocol: the bytes are kept, the codec looks for the next message."""

    def __init__(self, message: str, raw: bytes = b"") -> None:
        super().__init__(message)
        self.raw = raw


class StoreError(IsogateError):
    """Nothing was committed: the acknowledgement is withheld and the peer sends again."""
