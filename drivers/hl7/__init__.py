"""HL7 v2 over MLLP: results, patients and appointments, acknowledged after the commit."""

from importlib.resources import files

from drivers.hl7.driver import Hl7Driver
from drivers.hl7.explain import explain
from drivers.hl7.interpret import interpret
from drivers.hl7.profile import Hl7Device, Hl7Link, Hl7Profile
from gateway import DriverType

driver_type = DriverType(
    name="hl7",
    version="1",
    build=Hl7Driver,
    home=files(__name__),
    profile=Hl7Profile,
    link=Hl7Link,
    device=Hl7Device,
    transports=frozenset({"tcp", "tcp-listen", "serial", "rfc2217"}),
    interpret=interpret,
    explain=explain,
)
