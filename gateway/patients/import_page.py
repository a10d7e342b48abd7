"""`/patients/import`: what a file of patients would do, and then doing it."""

from __future__ import annotations

from gateway.patients.importer import PatientImporter, Report
from gateway.room import Field, Form, PageKit, Permission, texts
from gateway.room.file_page import CHARSET, FilePage

_DONE = texts(
    "%(new)s new, %(changed)s changed, %(question)s in question, %(same)s as before,"
    " %(faulty)s not taken."
)

_FORM = Form((Field("issuer", "The numbers are given out by", longest=64), CHARSET))


def import_page(kit: PageKit, importer: PatientImporter) -> FilePage[Report]:
    """The page over an importer."""
    return FilePage(
        kit,
        "/patients/import",
        "patients/import.html",
        Permission.WRITE_PATIENTS,
        _FORM,
        _DONE[0],
        lambda data, form: importer.tried(data, form["issuer"], form["charset"]),
        lambda who, data, form: importer.done(who, data, form["issuer"], form["charset"]),
    )
