"""What is wrong with Modbus links although each entry is valid by itself."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from drivers.modbus.options import ModbusDevice, ModbusLink
from gateway import DeviceEntry, Finding, LinkEntry, Tcp

_LAST_SERIAL_UNIT = 247


def check(links: Sequence[LinkEntry]) -> Iterable[Finding]:
    """One finding for each option that can't be meant."""
    for link in links:
        if isinstance(link.options, ModbusLink):
            yield from _check_link(link, link.options)


def framing_of(link: LinkEntry, options: ModbusLink) -> str:
    """`tcp` or `rtu`: as the link says, else as its transport usually carries."""
    return options.framing or ("tcp" if isinstance(link.transport, Tcp) else "rtu")


def _check_link(link: LinkEntry, options: ModbusLink) -> Iterator[Finding]:
    rtu = framing_of(link, options) == "rtu"
    if not rtu and not isinstance(link.transport, Tcp):
        yield Finding("a serial line carries `framing: rtu`", link.id, key="framing")
    seen: dict[tuple[int, int], DeviceEntry] = {}
    for device in link.devices:
        if not isinstance(device.options, ModbusDevice):
            continue
        unit = device.options.unit
        if rtu and not 1 <= unit <= _LAST_SERIAL_UNIT:
            yield Finding(
                f"unit {unit} never answers over rtu", link.id, device.id, "unit", "1…247"
            )
        first = seen.setdefault((unit, device.options.offset), device)
        if first is not device:
            message = f"unit {unit} is {first.id} already"
            yield Finding(message, link.id, device.id, "unit", "give each device its own address")
