"""Performed procedure steps (MPPS) as other rooms see them: in the event stream."""

from __future__ import annotations

from dataclasses import dataclass

from dicom.mpps.events import CREATED, is_step, read_links
from dicom.mpps.link import How
from dicom.mpps.said import STATUS, State, text
from gateway import DeviceEvent, Instant


@dataclass(frozen=True, slots=True)
class PerformedChange:
    """What a modality says of a step. `state` is None where it says nothing of that.

    `appointments` are those of the schedule that the step surely performs; they come with its
    beginning only. `by` is the AE title that says so.
    """

    uid: str
    state: State | None
    appointments: tuple[str, ...]
    by: str
    at: Instant


def performed_in(event: DeviceEvent) -> PerformedChange | None:
    """What an event says of a performed step; None where it says nothing of one."""
    if not is_step(event):
        return None
    said = event.payload or {}
    status = text(said["attributes"], STATUS)
    linked = (
        tuple(each.appointment for each in read_links(said) if each.how is How.LINKED)
        if event.code.code == CREATED
        else ()
    )
    return PerformedChange(
        said["step"], State(status) if status else None, linked, said["calling"], event.received_at
    )
