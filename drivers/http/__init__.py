"""REST and SOAP services that hand out results: asked again and again, each row once."""

from importlib.resources import files

from drivers.http.driver import HttpDriver
from drivers.http.profile import HttpLink, HttpProfile
from gateway import DriverType, RowDevice, interpret_page

driver_type = DriverType(
    name="http",
    version="1",
    build=HttpDriver,
    home=files(__name__),
    profile=HttpProfile,
    link=HttpLink,
    device=RowDevice,
    interpret=interpret_page,
)
