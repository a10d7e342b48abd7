"""What the events of one point have in common; the dictionary that keeps rows small."""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

from gateway.model import DeviceEvent

SeriesKey: TypeAlias = tuple[str, str, str, str, str, str, str, str, bool]


class Series(NamedTuple):
    """One line of a segment's dictionary of points.

    `token` is that of the first event that was packed under it (`gateway.keys.token_of`): most
    others have the same, and need not store it.
    """

    site: str
    device: str
    driver: str
    version: str
    kind: str
    system: str
    code: str
    unit: str
    simulated: bool
    token: int = 0


def series_key(event: DeviceEvent) -> SeriesKey:
    """The dictionary key of an event's series: its `Series` without the token."""
    source, code = event.source, event.code
    return (
        event.site,
        source.device,
        source.driver,
        source.version,
        event.kind,
        code.system,
        code.code,
        event.unit,
        event.simulated,
    )
