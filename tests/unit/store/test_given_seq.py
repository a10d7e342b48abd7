from __future__ import annotations

from dataclasses import fields, replace

from gateway.model import DeviceEvent


def test_an_event_keeps_all_of_itself_when_it_is_given_its_seq() -> None:
    every = {field.name: f"own {field.name}" for field in fields(DeviceEvent)}
    event = DeviceEvent(**every)  # type: ignore[arg-type]
    assert event.stored_as(7) == replace(event, seq=7)
