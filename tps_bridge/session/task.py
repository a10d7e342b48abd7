"""What a machine is to do with the beams of a session. Pure."""

from __future__ import annotations

from enum import StrEnum


class BeamTask(StrEnum):
    """Beam Task Type (PS3.3 C.8.8.29): whether beams verify the patient's position, treat, or both.

    VERIFY gives no fraction.
    """

    VERIFY = "VERIFY"
    TREAT = "TREAT"
    VERIFY_AND_TREAT = "VERIFY_AND_TREAT"

    @property
    def treats(self) -> bool:
        return self is not BeamTask.VERIFY


class Verifier(StrEnum):
    """Who verifies a machine's settings: itself, or a system of its own (PS3.4 DD, PS3.17 BBB)."""

    INTERNAL = "internal"
    EXTERNAL = "external"
