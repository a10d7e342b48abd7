"""The analyzers of one link, and which of them a header is from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from drivers.astm.records import parse_header
from drivers.astm.rules import Rules
from gateway import DeviceEntry, ProtocolViolation, Senders

_REMEMBERED = 256


class Attribution(NamedTuple):
    """The name that a header gives its sender (H-5), and the analyzers that it may be.

    A name of None: nobody can read the header.
    """

    name: str | None
    found: tuple[Rules, ...]


class Analyzers:
    """The devices of a link, made ready once."""

    def __init__(self, devices: Sequence[DeviceEntry]) -> None:
        self._rules = {entry.id: Rules.of(entry) for entry in devices}
        self._senders = Senders(devices)
        unnamed = self._senders.of("")
        self.only = unnamed[0].id if len(unnamed) == 1 else ""
        """The device that a message without a name is from; empty if that is open."""
        self._charsets = tuple(dict.fromkeys(each.charset for each in self._rules.values()))
        self._remembered: dict[bytes, Attribution] = {}

    def attribute(self, header: bytes) -> Attribution:
        """Whose header it is. Each device reads the name in its own charset."""
        known = self._remembered.get(header)
        if known is None:
            if len(self._remembered) >= _REMEMBERED:
                self._remembered.clear()
            known = self._remembered[header] = self._attribute(header)
        return known

    def sender(self, header: bytes) -> str:
        """The device that a header names; empty if that is open."""
        found = self.attribute(header).found
        return found[0].entry.id if len(found) == 1 else ""

    def _attribute(self, header: bytes) -> Attribution:
        name: str | None = None
        found: list[Rules] = []
        for charset in self._charsets:
            try:
                name = parse_header(header, charset).raw(5).strip()
            except ProtocolViolation:
                continue
            rules = (self._rules[entry.id] for entry in self._senders.of(name))
            found += [each for each in rules if each.charset == charset]
        return Attribution(name, tuple(found))
