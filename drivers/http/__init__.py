"""REST and SOAP services that hand out results: asked again and again, or calling us."""

from collections.abc import Sequence
from importlib.resources import files

from drivers.http.called import CalledDriver, posted
from drivers.http.check import check
from drivers.http.driver import HttpDriver
from drivers.http.profile import HttpDevice, HttpLink, HttpProfile
from gateway import (
    Driver,
    DriverType,
    LinkEntry,
    Publication,
    RawId,
    WireRecord,
    interpret_page,
)


def _build(link: LinkEntry) -> Driver:
    return CalledDriver(link) if _is_called(link) else HttpDriver(link)


def _interpret(
    link: LinkEntry, records: Sequence[WireRecord], raw_id: RawId
) -> Sequence[Publication]:
    """A page of rows that were asked for, or a document that was posted."""
    if not _is_called(link):
        return interpret_page(link, records, raw_id)
    return [
        publication
        for record in records
        if record.raw_id == raw_id
        for entry in link.devices
        if entry.id == record.device
        for publication in posted(entry, record.data, raw_id)
    ]


def _is_called(link: LinkEntry) -> bool:
    return isinstance(link.options, HttpLink) and link.options.mode == "listen"


driver_type = DriverType(
    name="http",
    version="1",
    build=_build,
    home=files(__name__),
    profile=HttpProfile,
    link=HttpLink,
    device=HttpDevice,
    check=check,
    interpret=_interpret,
)
