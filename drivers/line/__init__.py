"""Devices that send lines of text, or text in a frame of their own."""

from importlib.resources import files

from drivers.line.driver import LineDriver, check, interpret
from drivers.line.profile import LineDevice, LineProfile
from gateway import DriverType

driver_type = DriverType(
    name="line",
    version="1",
    build=LineDriver,
    home=files(__name__),
    profile=LineProfile,
    device=LineDevice,
    transports=frozenset({"tcp", "serial", "rfc2217", "tcp-listen"}),
    check=check,
    interpret=interpret,
)
