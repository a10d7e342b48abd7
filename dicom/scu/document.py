"""What is asked of peers and answered, in JSON."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import Field

from dicom.scu.identifier import UNICODE, Level
from gateway.room.document import Body, Document

_MATCHES, _MOST = 500, 10_000


class Keys(Body):
    """What is asked for: values by keyword (`PatientID`) or tag (`0010,0020`)."""

    keys: Mapping[str, str] = Field(default={})
    charset: str = Field(default=UNICODE, description="of the keys: a defined term as GB18030")


class Retrieval(Keys):
    """What is fetched, by its unique keys down to a level."""

    level: Level = Level.STUDY


class Transfer(Retrieval):
    """`to` is the AE title of another node; ours if it is empty."""

    to: str = ""


class Search(Retrieval):
    limit: int = Field(default=_MATCHES, ge=1, le=_MOST)


class WorklistSearch(Keys):
    """`step` are the keys of the scheduled step."""

    step: Mapping[str, str] = Field(default={})
    limit: int = Field(default=_MATCHES, ge=1, le=_MOST)


class Matches(Document):
    """Values by keyword; `more` if there are more than were asked for."""

    items: list[dict[str, Any]]
    more: bool


class Progress(Document):
    """Of a C-GET or C-MOVE, by its objects; `reason` is why it failed."""

    remaining: int
    completed: int
    failed: int
    warning: int
    reason: str | None = None


class PeerAddress(Document):
    """How a peer is called; `tls` are the files of certificate, key and authorities."""

    title: str
    host: str
    port: int
    calling: str
    server_name: str
    tls: list[str | None] | None
