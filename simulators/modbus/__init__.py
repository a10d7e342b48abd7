"""Modbus devices of a hospital, as strangers: they know the wire, and nothing of Isogate."""

from simulators.modbus.hospital import ModbusHospital, modbus_hospital

__all__ = ["ModbusHospital", "modbus_hospital"]
