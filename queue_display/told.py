"""A step that can't be taken, as a page or the API says so."""

from __future__ import annotations

from gateway.web import Refusal
from queue_display.machine import Illegal


def refusal(illegal: Illegal, language: str = "en") -> Refusal:
    """With the reason in the reader's language."""
    return Refusal(
        409,
        "Not done",
        "Nothing was changed: {cause}",
        "Look at the queue again: somebody may have acted already.",
        cause=illegal.text.get(language, illegal.text["en"]),
    )


def unknown_ticket() -> Refusal:
    return Refusal(
        404,
        "Unknown ticket",
        "There is no such ticket today.",
        "Look it up in the queue.",
    )


def unknown_zone(zone: str) -> Refusal:
    return Refusal(
        404,
        "Unknown display",
        "This display may not show the zone {zone}, or there is none.",
        "Give its token the scope of a zone under queue, displays in devices.yaml.",
        zone=zone,
    )


def no_sound() -> Refusal:
    return Refusal(
        404,
        "Unknown sound",
        "This was not said here, or too long ago.",
        "Nothing is to be done: the screen shows the call.",
    )


def no_reader() -> Refusal:
    return Refusal(
        404,
        "No reader",
        "No card reader is bound to this kiosk.",
        "Bind one under queue, check_in, kiosks, and give the kiosk's token its scope.",
    )
