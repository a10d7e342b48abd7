"""Modbus: meters, plant and sensors behind TCP, RTU over TCP and serial lines. Reads only."""

from __future__ import annotations

from importlib.resources import files

from drivers.modbus.check import check
from drivers.modbus.driver import ModbusDriver
from drivers.modbus.explain import explain
from drivers.modbus.options import ModbusDevice, ModbusLink
from drivers.modbus.profile import ModbusProfile
from gateway import DriverType

driver_type = DriverType(
    name="modbus",
    version="1",
    build=ModbusDriver,
    home=files(__name__),
    profile=ModbusProfile,
    link=ModbusLink,
    device=ModbusDevice,
    check=check,
    explain=explain,
    transports=frozenset({"tcp", "serial", "rfc2217"}),
)

__all__ = ["driver_type"]
