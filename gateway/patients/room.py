"""Patients as a room; it needs no section in devices.yaml."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from starlette.routing import BaseRoute

from gateway.model import IdentifierType, PatientVerb, Presence, Script
from gateway.patients.book import PatientBook
from gateway.patients.desk import PatientDesk
from gateway.patients.discrepancies import DiscrepancyPages
from gateway.patients.facts import BIRTH_DATE, IDENTITY, NAME, SEX
from gateway.patients.heard import Way
from gateway.patients.import_page import import_page
from gateway.patients.importer import Effect, PatientImporter
from gateway.patients.masking import name_for
from gateway.patients.pages import PatientPages
from gateway.patients.question import QuestionKind
from gateway.patients.seen import SeenPatients
from gateway.patients.telling import TELLS
from gateway.patients.words import IDENTIFIER_WORDS, SEX_WORDS, VISIT_WORDS
from gateway.room import (
    Area,
    Attention,
    Entry,
    Glance,
    Hit,
    Level,
    PageKit,
    Permission,
    Principal,
    Room,
    RoomContext,
    Running,
)

_HITS = 8


@asynccontextmanager
async def _open(context: RoomContext) -> AsyncIterator[Running]:
    async with PatientBook.open(context.data / "store" / "patients.sqlite", context.ring) as book:
        desk = PatientDesk(context.ports, context.audit, book)
        seen = SeenPatients(book, context.neighbours, context.links)
        importer = PatientImporter(
            context.site.id, context.clock, context.ports, context.audit, book
        )

        def routes(kit: PageKit) -> list[BaseRoute]:
            pages = PatientPages(kit, seen, desk, context.neighbours)
            return [
                *import_page(kit, importer).routes(),
                *pages.routes(),
                *DiscrepancyPages(kit, seen, desk).routes(),
            ]

        async def glance(who: Principal) -> Glance:
            return await _glance(seen, who)

        async def find(who: Principal, text: str) -> Sequence[Hit]:
            return await _find(seen, who, text, context.site.locale)

        yield Running(
            subscribers=(book,),
            services=(desk, importer, seen),
            routes=routes,
            glance=glance,
            find=find,
        )


async def _glance(seen: SeenPatients, who: Principal) -> Glance:
    if not who.may(Permission.READ_PATIENTS):
        return Glance()
    questions = await seen.questions(who)
    if not questions:
        return Glance()
    oldest = questions[-1]
    count = len(questions)
    why = {
        "en": f"{count} discrepanc{'y waits' if count == 1 else 'ies wait'} for a person.",
        "zh-CN": f"{count} 项不一致待人工核对。",
    }
    patients = {"en": "Patients", "zh-CN": "患者"}
    return Glance(
        attention=(Attention(Level.MEDIUM, patients, why, "/discrepancies", oldest.since),)
    )


async def _find(seen: SeenPatients, who: Principal, text: str, language: str) -> Sequence[Hit]:
    if not who.may(Permission.READ_PATIENTS) or not text.strip():
        return ()
    hits = []
    for patient in await seen.find(who, text, _HITS):
        name = name_for(patient.names, language)
        note = " ".join(part for part in (patient.own.value, patient.birth_date) if part)
        hits.append(Hit(name.text if name else patient.own.value, f"/patients/{patient.id}", note))
    return hits


room = Room(
    name="patients",
    open=_open,
    package="gateway.patients",
    tells=TELLS,
    navigation=(
        Entry(
            "/patients",
            {"en": "Patients", "zh-CN": "患者"},
            Permission.READ_PATIENTS,
            100,
            Area.PATIENTS,
            "patient",
        ),
        Entry(
            "/discrepancies",
            {"en": "Discrepancies", "zh-CN": "信息核对"},
            Permission.READ_PATIENTS,
            120,
            Area.PATIENTS,
            "mapping",
        ),
    ),
    words={
        "identifier": tuple(IDENTIFIER_WORDS.get(each, each) for each in IdentifierType),
        "sex": tuple(SEX_WORDS.values()),
        "script": tuple(Script),
        "presence": tuple(Presence),
        "visit": tuple(VISIT_WORDS.values()),
        "question": tuple(QuestionKind),
        "effect": tuple(Effect),
        "fact": (NAME, BIRTH_DATE, SEX, IDENTITY),
        "said": (*PatientVerb, *(each for each in Way if each is not Way.STATED)),
    },
)
