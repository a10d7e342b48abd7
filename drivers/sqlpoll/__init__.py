"""Databases and views that a hospital hands out: read only, each row once."""

from importlib.resources import files

from drivers.sqlpoll.driver import SqlDriver
from drivers.sqlpoll.profile import SqlDevice, SqlLink, SqlProfile
from gateway import DriverType, check_rows, interpret_page

driver_type = DriverType(
    name="sqlpoll",
    version="1",
    build=SqlDriver,
    home=files(__name__),
    profile=SqlProfile,
    link=SqlLink,
    device=SqlDevice,
    check=check_rows,
    interpret=interpret_page,
)
