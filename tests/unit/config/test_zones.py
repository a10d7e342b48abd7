"""What listens or calls stays in its zone, or the file is refused at that place."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.config import check_site, discover_drivers, discover_rooms
from gateway.errors import Problem

SITE = """\
site: {{id: s, name: S, time_zone: Asia/Shanghai}}
{zones}
listeners: {{http: {{host: 127.0.0.1}}}}
links:
  line:
    driver: modbus
    transport: {{type: tcp, host: {host}, port: 502}}
  sensors:
    driver: mqtt
    host: {broker}
devices:
  meter: {{profile: three-phase-meter, link: line, unit: 1}}
{more}
"""
ZONES = """\
zones:
  device: {networks: [192.168.10.0/24], names: [broker.local]}
  internal: {networks: [10.0.0.0/8]}
"""


def problems(
    folder: Path,
    zones: str = ZONES,
    host: str = "192.168.10.7",
    broker: str = "broker.local",
    more: str = "",
) -> list[Problem]:
    file = folder / "devices.yaml"
    file.write_text(SITE.format(zones=zones, host=host, broker=broker, more=more))
    return check_site(file, drivers=discover_drivers(), rooms=discover_rooms())


def said(found: list[Problem]) -> list[str]:
    return [f"{each.path}: {each.message}" for each in found]


def test_what_stays_in_its_zone_is_fine(tmp_path: Path) -> None:
    assert problems(tmp_path) == []


def test_without_zones_nothing_is_asked(tmp_path: Path) -> None:
    assert problems(tmp_path, zones="", host="8.8.8.8", broker="anywhere") == []


def test_a_device_outside_every_zone_is_named_where_it_stands(tmp_path: Path) -> None:
    (found,) = problems(tmp_path, host="172.16.0.9")
    assert found.path == "links.line.transport.host"
    assert "172.16.0.9 lies in no zone" in found.message
    assert "add its network" in found.hint
    assert found.line == 10


def test_a_link_into_another_zone_must_be_declared(tmp_path: Path) -> None:
    (found,) = problems(tmp_path, host="10.1.2.3")
    assert "lies in the internal zone, and links may use: device" in found.message
    assert problems(tmp_path, ZONES + "  may: {links: [device, internal]}\n", "10.1.2.3") == []


def test_a_name_belongs_to_the_zone_that_lists_it(tmp_path: Path) -> None:
    assert said(problems(tmp_path, broker="BROKER.local")) == []
    assert said(problems(tmp_path, broker="other.local")) == [
        "links.sensors.host: other.local lies in no zone"
    ]


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1"])
def test_this_machine_is_always_allowed(tmp_path: Path, host: str) -> None:
    assert problems(tmp_path, host=f"'{host}'") == []


def test_what_a_room_calls_is_judged_too(tmp_path: Path) -> None:
    more = "audit: {collector: {host: 192.168.10.9}}"
    assert said(problems(tmp_path, more=more)) == [
        "audit: 192.168.10.9 lies in the device zone, and audit may use: internal"
    ]
    more = "audit: {collector: {host: 10.0.0.9}}"
    assert problems(tmp_path, more=more) == []


def test_a_port_on_every_interface_stands_in_every_zone(tmp_path: Path) -> None:
    link = """\
  called:
    driver: hl7
    transport: {type: tcp-listen, host: 0.0.0.0, port: 2575}
devices:"""
    file = tmp_path / "devices.yaml"
    text = SITE.format(zones=ZONES, host="192.168.10.7", broker="broker.local", more="")
    file.write_text(text.replace("devices:", link))
    found = check_site(file, drivers=discover_drivers(), rooms=discover_rooms())
    assert said(found) == [
        "links.called.transport.host: 0.0.0.0 listens in every zone, and links may not in: internal"
    ]


def test_what_is_no_network_or_no_part_is_refused(tmp_path: Path) -> None:
    (found,) = problems(tmp_path, zones="zones: {device: {networks: [192.168.10.0/33]}}")
    assert "write for example 192.168.10.0/24" in found.message
    (found,) = problems(tmp_path, ZONES + "  may: {link: [device]}\n")
    assert "nothing is called link" in found.message
