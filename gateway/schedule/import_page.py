"""`/schedule/import`: what a file of appointments would do, and then doing it."""

from __future__ import annotations

from gateway.room import Field, Form, PageKit, Permission, texts
from gateway.room.file_page import CHARSET, FilePage
from gateway.schedule.importer import Importer, Report

FAULTS = texts("This is no date and time.", "No such status is known.", "From 1 to 480 minutes.")
_DONE = texts("%(new)s new, %(changed)s changed, %(same)s as before, %(faulty)s not taken.")

_FORM = Form(
    (
        Field(
            "book",
            "Kept by",
            required=True,
            hint="A name for where these appointments come from: their numbers are unique in it.",
            longest=80,
        ),
        Field("issuer", "Patients' numbers are given out by", longest=64),
        CHARSET,
    )
)


def import_page(kit: PageKit, importer: Importer) -> FilePage[Report]:
    """The page over an importer."""
    return FilePage(
        kit,
        "/schedule/import",
        "schedule/import.html",
        Permission.WRITE_SCHEDULE,
        _FORM,
        _DONE[0],
        lambda data, form: importer.tried(data, form["book"], form["issuer"], form["charset"]),
        lambda who, data, form: importer.done(
            who, data, form["book"], form["issuer"], form["charset"]
        ),
    )
