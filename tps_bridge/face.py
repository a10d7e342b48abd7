"""Whom an object is of, as the reader of a page may see it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from gateway import Identifier, PersonName, Script, content_digest, script_of
from gateway.room import Neighbours, Patient, PatientKey, People, Permission, Principal
from tps_bridge.plan import Identity

STAR = "*"


@dataclass(frozen=True, slots=True)
class Face:
    """`path` leads to the patient where the reader may go there."""

    name: str
    number: str
    path: str = ""


class Faces:
    """The faces of some identities, for one reader."""

    def __init__(
        self,
        people: People | None,
        known: Mapping[PatientKey, Patient],
        who: Principal,
        language: str,
    ) -> None:
        self._people, self._known = people, known
        self._who, self._language = who, language

    @classmethod
    async def of(
        cls, neighbours: Neighbours, several: Iterable[Identity], who: Principal, language: str
    ) -> Faces:
        try:
            people = neighbours(People)
        except LookupError:
            return cls(None, {}, who, language)
        keys = {(each.patient, each.issuer) for each in several if each.patient}
        return cls(people, await people.resolve_all(keys), who, language)

    def face(self, identity: Identity) -> Face:
        """As the register has it, else as the object says; masked for whoever may not see it."""
        if self._people is None:
            return Face(STAR, STAR)
        known = self._known.get((identity.patient, identity.issuer))
        names = known.names if known and known.names else names_of(identity.name)
        number = Identifier(identity.patient, identity.issuer)
        may = known is not None and self._who.may(Permission.READ_PATIENTS)
        return Face(
            self._people.shown_name(names, self._who, self._language),
            self._people.shown_number(number, self._who) if identity.patient else "—",
            f"/patients/{known.id}" if known and may else "",
        )


def names_of(text: str) -> tuple[PersonName, ...]:
    """The component groups of a DICOM name (PS3.5 6.2.1)."""
    found = []
    for place, group in enumerate(text.split("=")):
        family, given, middle, *_ = [*group.split("^"), "", "", ""]
        if family or given:
            script = Script.PHONETIC if place > 1 else script_of(group)
            found.append(PersonName(script, family.strip(), given.strip(), middle.strip()))
    return tuple(found)


def course_id(identity: Identity, plan: str) -> str:
    """What stands in an address for a patient's course; without a number a plan is its own."""
    own = (identity.patient, identity.issuer) if identity.patient else ("", plan)
    return content_digest(b"course", *(part.encode() for part in own)).hex()
