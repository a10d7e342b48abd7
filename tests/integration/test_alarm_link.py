"""Twenty units behind one cable, through the real supervisor: a cut is one alarm."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import yaml

from gateway.alarms import AlarmDesk, Standing
from gateway.app.gateway import Gateway
from gateway.app.serve import ServeOptions, open_gateway
from gateway.model import Kind
from gateway.registry import DeviceState
from gateway.room import notice_of
from simulators.modbus.faults import Fault
from simulators.modbus.faults import Kind as Wrong
from simulators.modbus.meter import Meter
from simulators.modbus.server import Endpoint

UNITS = range(1, 21)
LINK, DEAD = "link/meters", "meter-7/offline"


def site(port: int) -> dict[str, Any]:
    return {
        "site": {"id": "trial", "name": "Trial", "time_zone": "Asia/Shanghai"},
        "links": {
            "meters": {
                "driver": "modbus",
                "framing": "rtu",
                "timeout": 0.1,
                "transport": {"type": "tcp", "host": "127.0.0.1", "port": port},
            }
        },
        "devices": {
            f"meter-{unit}": {"link": "meters", "profile": "three-phase-meter", "unit": unit}
            for unit in UNITS
        },
        "alarms": {
            "link": {"on_delay": "0.3 s", "off_delay": 0},
            "offline": {"on_delay": "2 s", "off_delay": 0},
        },
    }


async def until(done: Callable[[], Awaitable[bool]], what: str, within: float = 40.0) -> None:
    end = time.monotonic() + within
    while not await done():
        assert time.monotonic() < end, what
        await asyncio.sleep(0.05)


async def standing(gateway: Gateway) -> dict[str, Standing]:
    return {each.id: each.standing for each in await gateway.subscriber(AlarmDesk).standing()}


async def told(gateway: Gateway) -> list[str]:
    """What people were told, as the event stream has it."""
    events = await gateway.store.events(kinds={Kind.ALARM}, limit=10_000)
    found = (notice_of(event) for event in events)
    return [each.key for each in found if each is not None and each.open]


async def test_a_cut_cable_with_twenty_units_is_one_alarm_and_a_dead_unit_rises_after_it(
    tmp_path: Path,
) -> None:
    meters = {unit: Meter(f"meter-{unit}", 10.0) for unit in UNITS}
    async with Endpoint("rtu", meters, time.monotonic).serve() as endpoint:
        (tmp_path / "devices.yaml").write_text(yaml.safe_dump(site(endpoint.port)))
        options = ServeOptions(tmp_path / "devices.yaml", tmp_path / "data")
        async with open_gateway(options) as gateway:

            async def everybody_answers() -> bool:
                states = [status.state for status in gateway.registry]
                return states.count(DeviceState.ONLINE) == len(UNITS)

            async def suppressed() -> bool:
                now = await standing(gateway)
                children = [now.get(f"meter-{unit}/offline") for unit in UNITS]
                return set(children) == {Standing.SUPPRESSED}

            async def one_is_dead() -> bool:
                return await standing(gateway) == {
                    LINK: Standing.RETURNED,
                    DEAD: Standing.UNACKNOWLEDGED,
                }

            await until(everybody_answers, "all units online")
            endpoint.fault(Fault(Wrong.SILENT))
            await until(suppressed, "twenty units suppressed by their link")
            assert await told(gateway) == ["alarm:link/meters:1"]
            endpoint.fault(Fault(Wrong.SILENT), 7)
            endpoint.clear(None)
            endpoint.fault(Fault(Wrong.SILENT), 7)
            await until(one_is_dead, "the dead unit's own alarm")
            assert await told(gateway) == ["alarm:link/meters:1", f"alarm:{DEAD}:1"]
