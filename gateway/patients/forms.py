"""The forms of patients' pages, and what they say once they are filled in."""

from __future__ import annotations

from datetime import date

from gateway.model import (
    Identifier,
    IdentifierType,
    PatientStatement,
    PersonName,
    Script,
    Sex,
    script_of,
)
from gateway.room import Entered, Field, Form

_LONGEST_NAME = 100
_LONGEST_NUMBER = 64

SEARCH = Form(
    (Field("q", "Number, name or birth date", hint="A name as it was sent, or its beginning."),)
)
LINK = Form(
    (
        Field("value", "Number of the other record", required=True, longest=_LONGEST_NUMBER),
        Field("issuer", "Given out by", required=True, longest=_LONGEST_NUMBER),
        Field("reason", "Reason", required=True, longest=400),
    )
)

REGISTER = Form(
    (
        Field("value", "Number", required=True, longest=_LONGEST_NUMBER),
        Field(
            "issuer",
            "Given out by",
            required=True,
            hint="Whose number it is, as messages name them: HIS, the department.",
            longest=_LONGEST_NUMBER,
        ),
        Field(
            "type",
            "Sort of number",
            Entered.CHOICE,
            required=True,
            options=tuple((each.value, each.value) for each in IdentifierType),
            context="identifier",
        ),
        Field(
            "name", "Name", longest=_LONGEST_NAME, hint="In Chinese characters, family name first."
        ),
        Field("latin", "Name in letters", longest=_LONGEST_NAME, hint="FAMILY^GIVEN"),
        Field("birth_date", "Birth date", Entered.DATE),
        Field(
            "sex",
            "Sex",
            Entered.CHOICE,
            options=tuple((each.value, each.value) for each in Sex),
            context="sex",
        ),
        Field("reason", "Reason", required=True, longest=400, hint="Why no system has sent them."),
    )
)


def statement(form: Form) -> tuple[PatientStatement | None, Form]:
    """What a filled form says of a new patient; None with its faults where it can't be taken."""
    born, today = form["birth_date"], date.today()  # noqa: DTZ011 - a day of birth
    if born and _future(born, today):
        form = form.refused("birth_date", "A birth date lies in the past.")
    if not (form["name"] or form["latin"]):
        form = form.refused("name", "A patient has a name: in characters, in letters, or both.")
    if not form.ok:
        return None, form
    names = [_name(form[field]) for field in ("name", "latin") if form[field]]
    own = Identifier(form["value"], form["issuer"], IdentifierType(form["type"]))
    sex = form["sex"]
    said = PatientStatement(
        identifiers=(own,),
        names=tuple(names),
        birth_date=born,
        sex=Sex(sex) if sex else None,
        sex_sent=sex,
    )
    return said, form


def _future(born: str, today: date) -> bool:
    try:
        return date.fromisoformat(born) > today
    except ValueError:
        return True


def _name(text: str) -> PersonName:
    family, _, given = text.partition("^")
    if script_of(text) is Script.ALPHABETIC:
        return PersonName(Script.ALPHABETIC, family.strip(), given.strip())
    return PersonName(script_of(text), family.strip(), given.strip())
