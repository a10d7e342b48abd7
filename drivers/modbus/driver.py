"""Polls the devices of one link, each by the blocks of its profile."""

from __future__ import annotations

from collections.abc import Sequence

from drivers.modbus.check import framing_of
from drivers.modbus.codec import Framing, Mbap, Refusal, Refused, Rtu
from drivers.modbus.line import Line, Timing
from drivers.modbus.options import ModbusLink
from drivers.modbus.planner import Block, Hole, between
from drivers.modbus.survey import Step, Survey
from gateway import (
    ConfigError,
    Connection,
    DeviceEntry,
    DeviceUnavailable,
    LinkEntry,
    Poll,
    Poller,
    PollingDriver,
    Reading,
    sentence,
)

_NOT_NOW = {Refusal.ACKNOWLEDGE, Refusal.BUSY, Refusal.GATEWAY_PATH, Refusal.GATEWAY_TARGET}
_SILENCES = 2
"""Silent blocks after which the rest of a poll is given up: others wait for the line."""


class ModbusDriver(PollingDriver):
    """One link of devices.yaml. What its devices taught is remembered across connections."""

    def __init__(self, link: LinkEntry) -> None:
        options = link.options
        if not isinstance(options, ModbusLink):
            raise ConfigError(f"link {link.id}: these are not the options of a Modbus link")
        self._framing = framing_of(link, options)
        quiet = options.timeout if options.quiet is None else options.quiet
        self._timing = Timing(options.timeout, quiet)
        self._surveys = {entry.id: Survey(entry) for entry in link.devices}

    def attach(self, connection: Connection) -> Poller:
        framing: Framing = Rtu() if self._framing == "rtu" else Mbap()
        return ModbusPoller(Line(connection, framing, self._timing), self._surveys)


class ModbusPoller:
    """Asks over one connection."""

    def __init__(self, line: Line, surveys: dict[str, Survey]) -> None:
        self._line = line
        self._surveys = surveys

    async def poll(self, device: DeviceEntry) -> Poll:
        """Ask every block of `device` once; a block that is refused or silent gives BAD readings.

        DeviceUnavailable: it did not answer its first request, is busy, or refuses everything.
        """
        survey = self._survey(device)
        survey.count()
        self._line.exchanges = []
        turn = _Turn(self._line, survey)
        readings = [reading for step in survey.steps for reading in await turn.take(step)]
        readings += survey.lacking
        turn.conclude()
        return Poll(tuple(readings), tuple(self._line.exchanges))

    def _survey(self, device: DeviceEntry) -> Survey:
        survey = self._surveys.get(device.id)
        if survey is None or survey.entry is not device:
            survey = self._surveys[device.id] = Survey(device)
        return survey


class _Turn:
    """One poll of one device."""

    def __init__(self, line: Line, survey: Survey) -> None:
        self._line = line
        self._survey = survey
        self._holes: set[Hole] = set()
        self._refusals: set[int] = set()
        self._answered = False
        self._data = False
        self._silences = 0

    async def take(self, step: Step) -> Sequence[Reading]:
        """The readings of one block."""
        if self._silences >= _SILENCES:
            return step.decode.refused(self._line.last)
        try:
            return await self._read(step)
        except DeviceUnavailable:
            if not self._answered:
                raise
            self._silences += 1
            return step.decode.refused(self._line.last)

    def conclude(self) -> None:
        """Learn from what was refused."""
        if self._refusals and not self._data:
            codes = ", ".join(str(int(code)) for code in sorted(self._refusals))
            raise self._line.unavailable(
                self._survey.unit,
                sentence(
                    "refuses every register it is asked for (exception {codes}): check `unit` and"
                    " `offset` of the device, and `table` and `first` of its profile",
                    codes=codes,
                ),
            )
        if self._holes:
            self._survey.learn(frozenset(self._holes))

    async def _read(self, step: Step) -> Sequence[Reading]:
        answer = await self._ask(step.block)
        if isinstance(answer, bytes):
            self._answered = self._data = True
            return step.decode(answer, self._line.last)
        if answer.code in _NOT_NOW:
            raise self._line.unavailable(
                self._survey.unit,
                sentence("can't answer now (exception {code})", code=answer.code),
            )
        self._answered = True
        self._refusals.add(answer.code)
        if answer.code == Refusal.ILLEGAL_ADDRESS:
            return await self._bisect(step)
        return step.decode.refused(self._line.last)

    async def _ask(self, block: Block) -> bytes | Refused:
        unit = self._survey.unit
        owed = self._line.owing.get(unit)
        if owed is not None:
            probes = (probe for probe in self._survey.probes if probe.size != owed)
            await self._line.prove(unit, next(probes, None))
        return await self._line.ask(unit, block)

    async def _bisect(self, step: Step) -> Sequence[Reading]:
        halves = step.block.split()
        if halves is None:
            self._holes.add(step.block.hole)
            return step.decode.refused(self._line.last)
        known = len(self._holes)
        readings = [
            reading for half in halves for reading in await self._read(self._survey.step(half))
        ]
        if len(self._holes) == known:
            self._holes.add(between(*halves))
        return readings
