"""What analyzers have in common: how one of several behind a link is told apart."""

from __future__ import annotations

import re
from collections.abc import Sequence

from pydantic import Field, field_validator

from gateway.driver.entries import DeviceEntry, DeviceOptions


class AnalyzerOptions(DeviceOptions):
    """How an analyzer is recognized where several share a link.

    `sender` is its own name exactly as its messages carry it (H-5 of LIS2-A2, MSH-3 of HL7);
    `sender_pattern` a regular expression that must match the whole of it.
    """

    sender: str = Field(default="", max_length=200)
    sender_pattern: str = Field(default="", max_length=200)

    @field_validator("sender_pattern")
    @classmethod
    def _compiles(cls, pattern: str) -> str:
        try:
            re.compile(pattern)
        except re.error as error:
            raise ValueError(f"'{pattern}' is not a regular expression: {error}") from None
        return pattern


def identify(devices: Sequence[DeviceEntry], sender: str) -> tuple[DeviceEntry, ...]:
    """The devices that a message from `sender` may come from: one, or it is ambiguous.

    The only device of a link needs no name, but one that it was given must be right. Among
    several, an exact name goes before a pattern.
    """
    named = [entry for entry in devices if sender and _options(entry).sender == sender]
    if named:
        return tuple(named)
    matching = [entry for entry in devices if _matches(_options(entry).sender_pattern, sender)]
    if matching:
        return tuple(matching)
    unnamed = [entry for entry in devices if not _has_name(_options(entry))]
    return tuple(unnamed) if len(devices) == 1 else ()


def _options(entry: DeviceEntry) -> AnalyzerOptions:
    options = entry.options
    return options if isinstance(options, AnalyzerOptions) else AnalyzerOptions()


def _has_name(options: AnalyzerOptions) -> bool:
    return bool(options.sender or options.sender_pattern)


def _matches(pattern: str, sender: str) -> bool:
    return bool(pattern) and re.fullmatch(pattern, sender) is not None
