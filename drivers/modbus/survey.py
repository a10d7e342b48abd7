"""What the driver knows of one device: how to ask it, and which registers it turned out to lack."""

from __future__ import annotations

from dataclasses import dataclass

from drivers.modbus.options import ModbusDevice
from drivers.modbus.planner import Block, Hole, plan, probes
from drivers.modbus.profile import ModbusProfile
from drivers.modbus.values import Decoder, bad
from gateway import ConfigError, DeviceEntry, Reading

_REVIEW = 3600
"""Polls after which holes are forgotten and tried again: firmware gets replaced."""


@dataclass(frozen=True, slots=True)
class Step:
    """A block, and how to read its reply."""

    block: Block
    decode: Decoder


class Survey:
    """The plan for one entry of devices.yaml, and what its device taught since the start."""

    def __init__(self, entry: DeviceEntry) -> None:
        if not isinstance(entry.profile, ModbusProfile):
            raise ConfigError(f"{entry.id}: {entry.profile.profile} is not a Modbus profile")
        if not isinstance(entry.options, ModbusDevice):
            raise ConfigError(f"{entry.id}: a Modbus device needs its `unit`")
        self.entry = entry
        self.unit = entry.options.unit
        self._offset = entry.options.offset
        self._profile = entry.profile
        self._places = {code: entry.profile.place(code) for code in entry.profile.points}
        self._holes: frozenset[Hole] = frozenset()
        self._polls = 0
        self._make()

    def _make(self) -> None:
        blocks = plan(
            self._places.values(),
            gap=self._profile.gap,
            limit=self._profile.limit,
            offset=self._offset,
            holes=self._holes,
        )
        self.steps = tuple(self.step(block) for block in blocks)
        self.probes = probes(blocks)
        there = {place for block in blocks for place in block.places}
        self.lacking: tuple[Reading, ...] = tuple(
            bad(code) for code, place in self._places.items() if place not in there
        )

    def step(self, block: Block) -> Step:
        return Step(block, Decoder(block, self._profile))

    def learn(self, holes: frozenset[Hole]) -> None:
        """Ask no more for `holes`, until the next review."""
        self._holes |= holes
        self._make()

    def count(self) -> None:
        """One more poll; every so often, what was learned is tried again."""
        self._polls += 1
        if self._polls % _REVIEW == 0 and self._holes:
            self._holes = frozenset()
            self._make()
