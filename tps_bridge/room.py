"""Plans and fractions as a room: open where devices.yaml has a section `tps`."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from starlette.routing import BaseRoute

from gateway.projection import Projection
from gateway.room import (
    OWNER,
    Area,
    Entry,
    Glance,
    PageKit,
    Paper,
    Permission,
    Principal,
    Room,
    RoomContext,
    Running,
)
from tps_bridge.block import BlockKind
from tps_bridge.book import Book
from tps_bridge.book.family import Kinship
from tps_bridge.desk import PlanDesk
from tps_bridge.draw.course import WEEKDAYS, Marked
from tps_bridge.intake import Intake
from tps_bridge.ledger import Basis, DiscordKind, FindingKind, FractionState, PlanState
from tps_bridge.options import TpsOptions
from tps_bridge.overview import PlanOverview
from tps_bridge.pages import (
    CoursePages,
    DifferencePages,
    DosePages,
    HandPages,
    KinPages,
    PlanPages,
    RecordPages,
    SessionApi,
    SessionPages,
)
from tps_bridge.parts import Parts
from tps_bridge.plan import Approval, PlanKind, Unlike
from tps_bridge.reader import Reader
from tps_bridge.record import Course, Verification
from tps_bridge.session import BeamTask, Level, SessionState
from tps_bridge.session.beam import KINDS as SIGNALS
from tps_bridge.session.beam import Beams, tables_for
from tps_bridge.session.desk import SessionDesk
from tps_bridge.session.hand import HandDesk
from tps_bridge.session.offer import Offers
from tps_bridge.session.planner import Planner
from tps_bridge.slices import Basis as PartOf
from tps_bridge.slices import Undrawn
from tps_bridge.telling import TELLS
from tps_bridge.today import TodaysTreatments

BOOK = Path("store") / "tps.sqlite"
BEAMS = Path("store") / "tps-beams.sqlite"


@asynccontextmanager
async def _open(context: RoomContext) -> AsyncIterator[Running]:
    options = context.section
    assert isinstance(options, TpsOptions)  # noqa: S101 - the room's own section
    tolerances = options.tolerance.tolerances()
    async with AsyncExitStack() as stack:
        book = await stack.enter_async_context(Book.open(context.data / BOOK, context.ring))
        reader = stack.enter_context(Reader.open(context.neighbours, book, options.largest))
        desk = PlanDesk(context, book, options)
        sessions = SessionDesk(context, book, options, desk)
        offers = Offers(context, book, sessions, options)
        hand = HandDesk(context, book, sessions)
        parts = Parts(context, book, desk, reader, tolerances, sessions, hand, options)
        intake = Intake(context, book, reader, tolerances)

        def routes(kit: PageKit) -> list[BaseRoute]:
            return [
                *CoursePages(kit, parts).routes(),
                *DifferencePages(kit, parts).routes(),
                *PlanPages(kit, parts).routes(),
                *RecordPages(kit, parts).routes(),
                *DosePages(kit, parts).routes(),
                *KinPages(kit, parts).routes(),
                *SessionPages(kit, parts).routes(),
                *HandPages(kit, parts).routes(),
                *SessionApi(parts).routes(),
            ]

        overview = PlanOverview(context, desk.seen)
        today = TodaysTreatments(context, sessions, hand)

        async def glance(who: Principal) -> Glance:
            one, other = await today.glance(who), await overview.glance(who)
            return Glance((*one.tiles, *other.tiles), (*one.attention, *other.attention))

        async def papers() -> Sequence[Paper]:
            return (*await today.papers(OWNER), *await overview.papers())

        signals = await stack.enter_async_context(
            Projection.opened(
                context.data / BEAMS,
                context.ring,
                tables_for(options, context.clock.now()),
                SIGNALS,
            )
        )
        machines = {each.beam: name for name, each in options.machines.items() if each.beam}
        beams = Beams(context, book, signals, machines)
        planner = Planner(context, book, sessions, options)
        planning = {"sessions": planner.run} if options.from_schedule else {}
        yield Running(
            subscribers=(book, signals),
            services=(desk, sessions, offers),
            jobs={"intake": intake.run, "offers": offers.run, "beams": beams.run} | planning,
            routes=routes,
            glance=glance,
            find=overview.find,
            papers=papers,
        )


room = Room(
    name="tps",
    open=_open,
    section=TpsOptions,
    package="tps_bridge",
    tells=TELLS,
    navigation=(
        Entry(
            "/sessions",
            {"en": "Treatments today", "zh-CN": "今日治疗"},
            Permission.READ_PLANS,
            50,
            Area.PATIENTS,
            "clock",
        ),
        Entry(
            "/courses",
            {"en": "Treatment courses", "zh-CN": "治疗疗程"},
            Permission.READ_PLANS,
            60,
            Area.PATIENTS,
            "target",
            also=("/plans",),
        ),
    ),
    words={
        "plan-kind": tuple(PlanKind),
        "plan-state": tuple(PlanState),
        "fraction": tuple(FractionState),
        "approval": tuple(each for each in Approval if each),
        "finding": tuple(FindingKind),
        "basis": tuple(Basis),
        "block": tuple(BlockKind),
        "fraction-day": tuple(Marked),
        "day-of-week": WEEKDAYS,
        "session": (*SessionState, "blocked", "withheld"),
        "course-status": tuple(each for each in Course if each),
        "discord": tuple(DiscordKind),
        "kinship": tuple(Kinship),
        "unlike": tuple(Unlike),
        "plan-relation": ("PRIOR", "ALTERNATIVE", "PREDECESSOR", "VERIFIED_PLAN", "CONCURRENT"),
        "beam-task": tuple(BeamTask),
        "verification": tuple(each for each in Verification if each),
        "enforcement": tuple(Level),
        "undrawn": tuple(Undrawn),
        "isodose": tuple(PartOf),
        "difference": ("within tolerance", "warning", "alarm", "not compared"),
    },
)
