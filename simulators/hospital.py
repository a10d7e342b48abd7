"""The whole demo hospital in one process: every simulator, and faults on command.

`main` prints one line of JSON when everything is ready:
`{"ports": {"meters": 50200, …}, "lines": {"chemistry": "/dev/pts/7", …}}`.
`sensors` is the port of the broker that the MQTT sensors publish to, which somebody else runs.
"""

from __future__ import annotations

import argparse
import asyncio
import errno
import json
import os
import random
import signal
import socket
import sys
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, nullcontext, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import aiomqtt

from simulators.astm import AstmHospital, astm_hospital
from simulators.astm import faults as astm_faults
from simulators.astm.sender import Timers
from simulators.control import controlled
from simulators.dicom import (
    ARCHIVE_FAULTS,
    BUNKER_FAULTS,
    SOURCE_FAULTS,
    Archive,
    Bunker,
    Sources,
)
from simulators.dicom.sources import WORKLIST
from simulators.his import ROUND_THE_CLOCK
from simulators.his import his as hospital_system
from simulators.hl7 import FAULTS as HL7_FAULTS
from simulators.hl7 import Analyzer, hl7_analyzer
from simulators.http import FAULTS as HTTP_FAULTS
from simulators.http import WaterService
from simulators.line import FAULTS as LINE_FAULTS
from simulators.line import LineServer, weights
from simulators.modbus import ModbusHospital, modbus_hospital
from simulators.modbus import faults as modbus_faults
from simulators.mqtt import FAULTS as MQTT_FAULTS
from simulators.mqtt import MqttHospital, mqtt_hospital
from simulators.sqlpoll import URINE_FAULTS, urine_computer
from simulators.staff import FAULTS as STAFF_FAULTS
from simulators.staff import Staff

HOST = "127.0.0.1"
SENSORS = "sensors"
HEMATOLOGY, SCALE, URINE, WATER = "hematology", "scale", "urine", "water"
HIS = "his"
DICOM, ARCHIVE, LINAC = "dicom", "archive", "la1"
STAFF = "staff"
_FOLLOWED = frozenset({"linac-1", "linac-2", "linac-3"})
"""The queues whose machines tell of themselves when a treatment begins and ends."""
_SAMPLE = 20.0
"""Seconds between two samples of an analyzer."""
_WEIGHING = 5.0
"""Seconds between two lines of a scale."""
_BEAM = 15.0
"""Seconds that a beam takes, and between two patients of a linac."""
_SITE, _TITLE = "Asia/Shanghai", "ISOGATE"
_STUDY = 30.0
"""Seconds between two patients whose plans, records or images are sent."""
_IMPATIENT = Timers(answer=2.0, after_nak=2.0)
"""The analyzer may be at work before the gateway listens, and is not to lose 15 s by it."""

_MEND = "none"
_LIST = "list"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One simulated device, or a line of them: where it is reached, and what can go wrong.

    `place` is a TCP port, or the path of a serial line or file. `mend` ends the faults of a unit,
    or all.
    """

    place: int | str
    faults: Sequence[str]
    begin: Callable[..., None]
    mend: Callable[[int | None], None]


class Hospital:
    """The running simulators by name; `broker` is the port that the MQTT sensors publish to."""

    def __init__(self, endpoints: Mapping[str, Endpoint], broker: int) -> None:
        self._endpoints = dict(endpoints)
        self._broker = broker

    @property
    def ports(self) -> dict[str, int]:
        """The TCP ports by link."""
        places = {name: end.place for name, end in self._endpoints.items()}
        calls = {name: place for name, place in places.items() if isinstance(place, int)}
        return {name: port for name, port in calls.items() if port != self._broker} | {
            SENSORS: self._broker
        }

    @property
    def lines(self) -> dict[str, str]:
        """The serial lines and files by link."""
        places = {name: end.place for name, end in self._endpoints.items()}
        return {name: place for name, place in places.items() if isinstance(place, str)}

    def handle(self, request: Mapping[str, Any]) -> Mapping[str, Any]:
        """Carry out `{"endpoint", "kind", …}`; `kind` may be `list`, and `none` mends.

        `seconds` ends the fault after so long. ValueError says what is allowed instead.
        """
        details = dict(request)
        name, kind = str(details.pop("endpoint", "")), str(details.pop("kind", ""))
        if kind == _LIST:
            return {"endpoints": self._listed()}
        endpoint, kind = self._known(name, kind)
        unit = details.get("unit")
        if kind == _MEND:
            endpoint.mend(unit)
            return {}
        seconds = details.pop("seconds", None)
        try:
            endpoint.begin(kind, **details)
        except TypeError as error:
            raise ValueError(f"{kind}: {error}") from error
        if seconds is not None:
            asyncio.get_running_loop().call_later(float(seconds), endpoint.mend, unit)
        return {}

    def _listed(self) -> dict[str, dict[str, Any]]:
        return {
            name: {"port": end.place, "faults": sorted(end.faults)}
            for name, end in self._endpoints.items()
        }

    def _known(self, name: str, kind: str) -> tuple[Endpoint, str]:
        """The endpoint, and the fault as it writes it: `half-open` and `half_open` are one."""
        endpoint = self._endpoints.get(name)
        if endpoint is None:
            raise ValueError(f"no endpoint {name!r}; there are {', '.join(self._endpoints)}")
        known = [*sorted(endpoint.faults), _MEND]
        for each in known:
            if each.replace("_", "-") == kind.replace("_", "-"):
                return endpoint, str(each)
        raise ValueError(f"{name} knows no fault {kind!r}; it knows {', '.join(known)}")


@asynccontextmanager
async def running(
    ports: Mapping[str, int], speed: float = 1.0, papers: Path | None = None
) -> AsyncIterator[Hospital]:
    """Every simulator within the block, on the given ports or (0, or not given) on free ones.

    With `papers`, the staff calls patients in (`simulators.staff`).
    """
    broker = ports.get(SENSORS) or _free_port()
    office = ports.get(HIS) or _free_port()
    node = ports.get(DICOM) or _free_port()
    sources = Sources(HOST, node, _TITLE, _STUDY / speed, seed=1, zone=_SITE, hours=ROUND_THE_CLOCK)
    linac = Bunker(WORKLIST, HOST, node, _TITLE, ports.get(LINAC) or _free_port())
    archive = Archive(HOST, ports.get(ARCHIVE) or _free_port())
    scale = LineServer(weights(random.Random()), rate=speed / _WEIGHING)
    water = WaterService(_WEIGHING / speed)
    staff = Staff(papers, _FOLLOWED) if papers is not None else None
    async with (
        modbus_hospital(HOST, ports, speed=speed) as modbus,
        mqtt_hospital(HOST, broker, speed=speed) as mqtt,
        astm_hospital(speed=speed, timers=_IMPATIENT) as astm,
        hl7_analyzer(HOST, ports.get(HEMATOLOGY, 0), interval=_SAMPLE / speed) as hematology,
        scale.serving(HOST, ports.get(SCALE, 0)) as scale_port,
        water.serving(HOST, ports.get(WATER, 0)),
        urine_computer(_SAMPLE / speed) as urine,
        hospital_system(office, speed=speed, hours=ROUND_THE_CLOCK) as system,
        sources.sending(),
        archive.serving(),
        linac.treating(_BEAM / speed, _SITE),
        staff.working() if staff is not None else nullcontext(),
    ):
        endpoints = {
            **_modbus_endpoints(modbus),
            **_mqtt_endpoints(mqtt, broker),
            **_astm_endpoints(astm),
            HEMATOLOGY: _hl7_endpoint(hematology),
            HIS: _hl7_endpoint(system),
            DICOM: Endpoint(node, SOURCE_FAULTS, sources.fault, lambda _unit: sources.clear()),
            ARCHIVE: Endpoint(
                archive.port, ARCHIVE_FAULTS, archive.fault, lambda _unit: archive.clear()
            ),
            LINAC: Endpoint(linac.port, BUNKER_FAULTS, linac.fault, lambda _unit: linac.clear()),
            SCALE: Endpoint(scale_port, LINE_FAULTS, scale.fault, lambda _unit: scale.clear()),
            WATER: Endpoint(water.port, HTTP_FAULTS, water.fault, lambda _unit: water.clear()),
            URINE: Endpoint(
                str(urine.file), URINE_FAULTS, urine.fault, lambda _unit: urine.clear()
            ),
        }
        if staff is not None:
            endpoints[STAFF] = Endpoint(
                str(papers), STAFF_FAULTS, staff.fault, lambda _unit: staff.clear()
            )
        yield Hospital(endpoints, broker)


def _modbus_endpoints(modbus: ModbusHospital) -> dict[str, Endpoint]:
    return {
        name: Endpoint(
            port, list(modbus_faults.Kind), partial(modbus.fault, name), partial(modbus.clear, name)
        )
        for name, port in modbus.ports.items()
    }


def _mqtt_endpoints(mqtt: MqttHospital, broker: int) -> dict[str, Endpoint]:
    return {
        name: Endpoint(broker, list(MQTT_FAULTS), partial(mqtt.fault, name), _whole(mqtt, name))
        for name in mqtt.sensors
    }


def _astm_endpoints(astm: AstmHospital) -> dict[str, Endpoint]:
    return {
        name: Endpoint(path, list(astm_faults.Kind), partial(astm.fault, name), _whole(astm, name))
        for name, path in astm.paths.items()
    }


def _hl7_endpoint(analyzer: Analyzer) -> Endpoint:
    return Endpoint(analyzer.port, list(HL7_FAULTS), analyzer.fault, lambda _unit: analyzer.clear())


def _whole(hospital: MqttHospital | AstmHospital, name: str) -> Callable[[int | None], None]:
    """Mending a device that has no units."""
    return lambda _unit: hospital.clear(name)


def main(argv: Sequence[str] | None = None) -> int:
    """Run until SIGTERM or SIGINT, or with `--with-parent` until standard input ends."""
    options = _arguments(argv)
    asyncio.run(_serve(options))
    return 0


async def _serve(options: argparse.Namespace) -> None:
    stop = asyncio.Event()
    asyncio.get_running_loop().set_exception_handler(_without_lost_brokers)
    async with AsyncExitStack() as stack:
        stack.enter_context(_stopping(stop, with_parent=options.with_parent))
        hospital = await stack.enter_async_context(
            running(dict(options.port), options.speed, options.staff)
        )
        if options.control is not None:
            await stack.enter_async_context(controlled(options.control, hospital.handle))
        sys.stdout.write(json.dumps({"ports": hospital.ports, "lines": hospital.lines}) + "\n")
        sys.stdout.flush()
        await stop.wait()


def _without_lost_brokers(loop: asyncio.AbstractEventLoop, context: Mapping[str, Any]) -> None:
    """A broker that goes away is part of the play; aiomqtt leaves its word about it unheard."""
    if not isinstance(context.get("exception"), aiomqtt.MqttError):
        loop.default_exception_handler(dict(context))


@contextmanager
def _stopping(stop: asyncio.Event, *, with_parent: bool) -> Iterator[None]:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    stdin = sys.stdin.fileno()

    def read() -> None:
        if not os.read(stdin, 4096):
            loop.remove_reader(stdin)
            stop.set()

    if with_parent:
        loop.add_reader(stdin, read)
    try:
        yield
    finally:
        loop.remove_reader(stdin)


def _arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="hospital", description=main.__doc__)
    parser.add_argument("--port", action="append", default=[], type=_pair, metavar="NAME=PORT")
    parser.add_argument("--speed", type=float, default=1.0, help="how fast their clock runs")
    parser.add_argument("--control", type=Path, help="Unix socket for faults on command")
    parser.add_argument("--staff", type=Path, help="file with the url and token for who calls in")
    parser.add_argument("--with-parent", action="store_true", help="end with standard input")
    return parser.parse_args(argv)


def _pair(text: str) -> tuple[str, int]:
    name, _, port = text.partition("=")
    return name, int(port)


def _free_port() -> int:
    """A port below those that outgoing connections take, so that it stays free."""
    for port in random.sample(range(20_000, 32_000), 100):
        with suppress(OSError), socket.create_server((HOST, port)):
            return port
    raise OSError(errno.EADDRINUSE, "no free port from 20000 to 32000")


if __name__ == "__main__":
    sys.exit(main())
