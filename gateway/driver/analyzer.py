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


class Senders:
    """Which of some devices a message comes from, by the name of its sender.

    The only device of a link needs no name, but one that it was given must be right. Among
    several, an exact name goes before a pattern.
    """

    def __init__(self, devices: Sequence[DeviceEntry]) -> None:
        self._named: dict[str, tuple[DeviceEntry, ...]] = {}
        for entry in devices:
            if name := _options(entry).sender:
                self._named[name] = (*self._named.get(name, ()), entry)
        self._patterns = [
            (re.compile(pattern), entry)
            for entry in devices
            if (pattern := _options(entry).sender_pattern)
        ]
        alone = len(devices) == 1 and not self._named and not self._patterns
        self._unnamed = tuple(devices) if alone else ()

    def of(self, sender: str) -> tuple[DeviceEntry, ...]:
        """The devices that a message from `sender` may come from: one, or it is ambiguous."""
        named = self._named.get(sender)
        if named is not None:
            return named
        matching = tuple(entry for pattern, entry in self._patterns if pattern.fullmatch(sender))
        return matching or self._unnamed


def identify(devices: Sequence[DeviceEntry], sender: str) -> tuple[DeviceEntry, ...]:
    """As `Senders.of`, for devices that are asked for once."""
    return Senders(devices).of(sender)


def _options(entry: DeviceEntry) -> AnalyzerOptions:
    options = entry.options
    return options if isinstance(options, AnalyzerOptions) else AnalyzerOptions()
