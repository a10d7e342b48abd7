"""One MLLP line: dialled, listened on or serial, with every device that speaks on it."""

from __future__ import annotations

from drivers.hl7.interpret import Reader
from drivers.hl7.profile import Hl7Link
from drivers.hl7.reception import Reception
from gateway import LinkEntry, Ports


class Hl7Driver:
    """Receives messages and acknowledges what is on disk."""

    def __init__(self, link: LinkEntry) -> None:
        self._link = link.id
        options = link.options if isinstance(link.options, Hl7Link) else Hl7Link()
        self._timeout = options.message_timeout
        self._reader = Reader(link.devices)

    async def run(self, ports: Ports) -> None:
        """Serve until the connection ends, or for ever where devices call."""
        reception = Reception(self._link, ports, self._reader, self._timeout)
        await reception.recollect()
        await ports.serve(reception.serve)
