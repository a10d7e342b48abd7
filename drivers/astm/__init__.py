"""ASTM: analyzers that send results by LIS1-A and LIS2-A2, acknowledged after the commit."""

from __future__ import annotations

from importlib.resources import files

from drivers.astm.driver import AstmDriver, check, interpret
from drivers.astm.explain import assemble, explain
from drivers.astm.profile import AstmDevice, AstmLink, AstmProfile
from gateway import DriverType

driver_type = DriverType(
    name="astm",
    version="1",
    build=AstmDriver,
    home=files(__name__),
    profile=AstmProfile,
    link=AstmLink,
    device=AstmDevice,
    transports=frozenset({"tcp", "tcp-listen", "serial", "rfc2217"}),
    check=check,
    interpret=interpret,
    explain=explain,
    assemble=assemble,
)

__all__ = ["driver_type"]
