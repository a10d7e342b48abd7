"""What happens to sessions, as events. Pure.

People's steps, and our own, are acts `session.<step>`. What a machine does to its work item, and
what a record tells, moves a session when it is folded; an event `session.began`, `.completed` or
`.discontinued` then says so to other rooms, and names its cause.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import TypeAdapter

from dicom.services import (
    PerformedChange,
    PerformedState,
    Verb,
    WorkItemChange,
    first,
    tag,
    text,
    values,
)
from gateway import Coding, DeviceEvent, Instant, Kind, Source, content_digest
from gateway.room import ACTION_SYSTEM
from tps_bridge.record import RECORD_CLASSES
from tps_bridge.session.session import Move, Session, SessionState, Step

ACT = "session."
ROOM = "tps"
"""The keeper of our work items, and who acts by itself."""

_SESSION = TypeAdapter(Session)
_PROGRESS_OF = tag("ProcedureStepProgressInformationSequence")
_PROGRESS, _REASON = tag("ProcedureStepProgress"), tag("ReasonForCancellation")
_PERFORMED_STEPS = tag("UnifiedProcedureStepPerformedProcedureSequence")
_OUTPUTS, _REFERENCES = tag("OutputInformationSequence"), tag("ReferencedSOPSequence")
_REFERENCED_CLASS, _REFERENCED = tag("ReferencedSOPClassUID"), tag("ReferencedSOPInstanceUID")
_SAID = {
    SessionState.IN_PROGRESS: "began",
    SessionState.COMPLETED: "completed",
    SessionState.DISCONTINUED: "discontinued",
}
_MOST = 100.0


def written(session: Session) -> dict[str, Any]:
    """A session as JSON has it."""
    made: dict[str, Any] = _SESSION.dump_python(session, mode="json")
    return made


def as_json(session: Session) -> bytes:
    return _SESSION.dump_json(session)


def from_json(body: bytes) -> Session:
    return _SESSION.validate_json(body)


def read(said: Any) -> Session:
    """What `written` wrote."""
    return _SESSION.validate_python(said)


def step_of(event: DeviceEvent) -> Step | None:
    """The step that an act takes; None for other events."""
    code = event.code
    if event.kind is not Kind.ACTION or code.system != ACTION_SYSTEM:
        return None
    name = code.code.removeprefix(ACT)
    return Step(name) if code.code.startswith(ACT) and name in set(Step) else None


def move_of(event: DeviceEvent, step: Step) -> Move:
    """The move that an act makes; ValueError, KeyError or TypeError where it says none."""
    said: Mapping[str, Any] = event.payload or {}
    return Move(
        step,
        event.received_at,
        event.actor,
        event.value.text if event.value else "",
        str(said.get("item", "")),
        str(said.get("instruction", "")),
    )


def move_by(change: WorkItemChange) -> Move | None:
    """What a change of its work item is to a session; None where it is nothing."""
    by_us = change.actor == f"room:{ROOM}"
    match change.verb:
        case Verb.CLAIM:
            return Move(Step.BEGIN, change.at, change.actor, item=change.uid)
        case Verb.SET:
            progress, outputs = _progress(change), _outputs(change)
            if progress is None and outputs is None:
                return None
            return Move(Step.PROGRESS, change.at, change.actor, progress=progress, outputs=outputs)
        case Verb.COMPLETE:
            return Move(Step.COMPLETE, change.at, change.actor)
        case Verb.CANCEL:
            step = Step.WITHDRAW if by_us else Step.CANCEL
            return Move(step, change.at, change.actor, _reason(change), item=change.uid)
        case _:
            return None


_PERFORMED = {
    PerformedState.IN_PROGRESS: Step.BEGIN,
    PerformedState.COMPLETED: Step.COMPLETE,
    PerformedState.DISCONTINUED: Step.DISCONTINUE,
}


def move_as_performed(change: PerformedChange) -> Move | None:
    """What a performed step (MPPS) is to its session; None where its state stays."""
    if change.state is None:
        return None
    return Move(_PERFORMED[change.state], change.at, f"ae:{change.by}")


def _progress(change: WorkItemChange) -> float | None:
    for each in values(change.content, _PROGRESS_OF):
        try:
            return min(_MOST, max(0.0, float(first(each, _PROGRESS))))
        except (TypeError, ValueError):
            continue
    return None


def _outputs(change: WorkItemChange) -> tuple[str, ...] | None:
    """The treatment records that its machine says it made; None where it says nothing of them."""
    if _PERFORMED_STEPS not in change.content:
        return None
    made = [
        each
        for step in values(change.content, _PERFORMED_STEPS)
        for output in values(step, _OUTPUTS)
        for each in values(output, _REFERENCES)
    ]
    records = [each for each in made if text(each, _REFERENCED_CLASS) in RECORD_CLASSES]
    return tuple(dict.fromkeys(text(each, _REFERENCED) for each in records))


def _reason(change: WorkItemChange) -> str:
    found = (first(each, _REASON) for each in values(change.content, _PROGRESS_OF))
    return next((str(each) for each in found if each), "")


def said_of(before: Session, after: Session, cause: DeviceEvent) -> DeviceEvent | None:
    """What other rooms are told of a move, once: when it is read anew it is the same event.

    What only verifies is no treatment, and they are told nothing.
    """
    if not after.task.treats:
        return None
    if after.state is before.state or after.state not in _SAID:
        return None
    code = f"{ACT}{_SAID[after.state]}"
    return DeviceEvent(
        id=content_digest(b"session", after.id.encode(), code.encode()),
        site=cause.site,
        source=Source(ROOM, ROOM),
        kind=Kind.ACTION,
        code=Coding(ACTION_SYSTEM, code),
        value=None,
        unit="",
        received_at=cause.received_at,
        observed_at=Instant(cause.observed_at),
        simulated=cause.simulated,
        subject=after.identity.subject,
        actor=after.performer,
        caused_by=cause.id,
        payload={
            "session": after.id,
            "plan": after.plan,
            "fraction": after.fraction,
            "machine": after.machine,
            "appointment": after.appointment,
        },
    )
