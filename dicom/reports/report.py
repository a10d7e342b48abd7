"""An N-EVENT-REPORT as it waits in the outbox (PS3.7 10.1.1). Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import orjson

from dicom.content import Content
from gateway import ProtocolViolation

_PREFIX = "dicom-report:"


@dataclass(frozen=True, slots=True)
class Report:
    """What a peer is to hear.

    `calling` is our title, the same that it talked to (PS3.4 J.3.3.1.2); `classes` are the
    abstract syntaxes in which it may take it, the likeliest first; `sop_class` and `sop_instance`
    are the affected ones.
    """

    calling: str
    classes: Sequence[str]
    sop_class: str
    sop_instance: str
    event_type: int
    content: Content

    def payload(self) -> bytes:
        return orjson.dumps(self)

    @classmethod
    def read(cls, payload: bytes) -> Report:
        """ProtocolViolation if it isn't one: somebody else's delivery."""
        try:
            return cls(**orjson.loads(payload))
        except (orjson.JSONDecodeError, TypeError) as error:
            raise ProtocolViolation(f"not an event report: {error}") from error


def destination(peer: str) -> str:
    """The outbox's name for the reports of a peer of devices.yaml."""
    return f"{_PREFIX}{peer}"
