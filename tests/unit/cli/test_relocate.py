from __future__ import annotations

from pathlib import Path

from gateway.cli.relocate import ports_of, relocated
from gateway.cli.shipped import demo_site
from gateway.config import Site, discover_drivers, discover_rooms, load_site
from gateway.transport import Serial


def site() -> Site:
    return load_site(demo_site(), drivers=discover_drivers(), rooms=discover_rooms())


def test_the_demo_calls_a_port_on_every_link() -> None:
    called = {"meters", "chiller", "ups", "room", "sensors", "hematology"}
    called |= {"scale", "water", "his", "dicom", "archive", "ct1", "la1", "la2", "la3"}
    assert set(ports_of(site())) == called


def test_a_serial_line_moves_to_another_path() -> None:
    moved = relocated(site(), {"chemistry": "/dev/pts/7"}, http=8080)
    (line,) = (link.transport for link in moved.links if link.id == "chemistry")
    assert isinstance(line, Serial)
    assert line.port == "/dev/pts/7"


def test_a_service_and_a_file_move_as_well() -> None:
    moved = relocated(site(), {"water": 40_003, "urine": "/srv/other/strips.db"}, http=8080)
    options = {link.id: link.options.model_dump() for link in moved.links}
    assert options["water"]["url"] == "http://127.0.0.1:40003/v1.1"
    assert options["urine"]["path"] == Path("/srv/other/strips.db")


def test_links_call_the_new_ports_and_pages_move() -> None:
    ports = dict.fromkeys(ports_of(site()), 0)
    ports = {name: 40_000 + number for number, name in enumerate(ports)}
    moved = relocated(site(), ports, http=41_000)
    assert ports_of(moved) == ports
    assert moved.listeners.http.port == 41_000


def test_the_broker_moves_with_the_sensors_that_call_it() -> None:
    moved = relocated(site(), {"sensors": 40_001}, http=8080)
    assert moved.sections["broker"].model_dump()["port"] == 40_001


def test_what_is_not_named_stays() -> None:
    before, after = site(), relocated(site(), {"ups": 40_002}, http=8080)
    assert ports_of(after) == {**ports_of(before), "ups": 40_002}
    assert [link.devices for link in after.links] == [link.devices for link in before.links]
