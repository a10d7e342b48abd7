"""The section `dicom.watch` of devices.yaml."""

from __future__ import annotations

from pydantic import Field

from dicom.section import Section
from gateway import Seconds


class WatchOptions(Section):
    """How peers are watched by C-ECHO."""

    interval: Seconds = Field(default=60, ge=1, description="between two echoes, about")
    timeout: Seconds = Field(default=10, ge=1, description="for connection, association and answer")
    skip: tuple[str, ...] = Field(default=(), description="peers that are not watched")
