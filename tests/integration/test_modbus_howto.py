"""The how-to's meter, read by its own YAML from a server that knows nothing of it."""

from __future__ import annotations

import re
from pathlib import Path

from drivers.modbus import driver_type
from gateway import Tcp
from gateway.config import load_site
from gateway.driver import PollingDriver
from gateway.transport import connect
from simulators.modbus.stock import stock_server

ROOT = Path(__file__).parents[2]
HOW_TO = ROOT / "docs/how-to/add-a-modbus-meter.md"
POWER, ENERGY = -1500, 1_234_567
REGISTERS = [
    *(2301, 2298, 2310),
    *(POWER & 0xFFFF, POWER >> 16 & 0xFFFF),
    *(ENERGY & 0xFFFF, ENERGY >> 16),
    *(0, 0, 0, 0),
    *(0x10000 - 985, 4998),
    *(0, 0, 0, 0, 0, 0),
    0b1000,
]


def written(folder: Path, port: int) -> Path:
    """The how-to's files in `folder`, its link pointing at `port`."""
    text = HOW_TO.read_text(encoding="utf-8")
    for name, content in re.findall(r"```yaml file=(\S+)\n(.*?)```", text, re.DOTALL):
        file = folder / name
        file.parent.mkdir(exist_ok=True)
        file.write_text(content.replace("15090", str(port)), encoding="utf-8")
    return folder / "devices.yaml"


async def test_the_how_to_gives_the_meters_values(tmp_path: Path) -> None:
    async with stock_server({1: {0: REGISTERS}}, framing="rtu") as port:
        site = load_site(written(tmp_path, port), drivers={"modbus": driver_type}, rooms={})
        (link,) = site.links
        driver = driver_type.build(link)
        assert isinstance(driver, PollingDriver)
        assert isinstance(link.transport, Tcp)
        async with connect(link.transport, lambda _way, _bytes: None) as connection:
            poll = await driver.attach(connection).poll(link.devices[0])
    assert {reading.code: reading.text for reading in poll.readings} == {
        "voltage_l1": "230.1",
        "voltage_l2": "229.8",
        "voltage_l3": "231.0",
        "active_power": "-1500",
        "active_energy_import": "12345.67",
        "power_factor": "-0.985",
        "frequency": "49.98",
        "overload": "0",
        "phase_sequence": "1",
    }


def test_the_sample_is_fine(tmp_path: Path) -> None:
    copy = tmp_path / "devices.yaml"
    copy.write_text((driver_type.home / "sample.yaml").read_text(encoding="utf-8"))
    assert load_site(copy, drivers={"modbus": driver_type}, rooms={}).links
