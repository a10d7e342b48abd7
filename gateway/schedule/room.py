"""The schedule as a room: open with or without a `schedule` section in devices.yaml."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from zoneinfo import ZoneInfo

from starlette.routing import BaseRoute

from gateway.model import AppointmentStatus, OrderStatus
from gateway.room import (
    Area,
    Attention,
    Entry,
    Glance,
    Level,
    PageKit,
    Paper,
    Permission,
    Principal,
    Room,
    RoomContext,
    Running,
    Tile,
)
from gateway.schedule.book import ScheduleBook, Setting
from gateway.schedule.calendar import Origin
from gateway.schedule.desk import ScheduleDesk
from gateway.schedule.import_page import import_page
from gateway.schedule.importer import Effect, Importer
from gateway.schedule.options import ScheduleOptions
from gateway.schedule.origin import Sort
from gateway.schedule.pages import SchedulePages
from gateway.schedule.paper import appointment_paper
from gateway.schedule.problem import ProblemKind
from gateway.schedule.telling import TELLS
from gateway.schedule.words import SHORT_WEEKDAYS, WEEKDAYS
from gateway.schedule.work import WorkPages


@asynccontextmanager
async def _open(context: RoomContext) -> AsyncIterator[Running]:
    options: ScheduleOptions = context.section
    setting = Setting(ZoneInfo(context.site.zone), options, context.neighbours, context.links)
    path = context.data / "store" / "schedule.sqlite"
    async with ScheduleBook.open(path, context.ring, setting) as book:
        desk = ScheduleDesk(context.site.id, context.clock, context.ports, context.audit, book)

        importer = Importer(context.site.id, context.clock, context.ports, context.audit, book)

        def routes(kit: PageKit) -> list[BaseRoute]:
            return [
                *WorkPages(kit, book).routes(),
                *import_page(kit, importer).routes(),
                *SchedulePages(kit, book, desk).routes(),
            ]

        async def papers() -> Sequence[Paper]:
            now, language = context.clock.now(), context.site.locale
            return (await appointment_paper(book, now, language),)

        async def glance(who: Principal) -> Glance:
            return await _glance(context, book, who)

        yield Running(
            subscribers=(book,),
            services=(desk, importer, book.calendar),
            routes=routes,
            glance=glance,
            papers=papers,
        )


async def _glance(context: RoomContext, book: ScheduleBook, who: Principal) -> Glance:
    if not who.may(Permission.READ_SCHEDULE):
        return Glance()
    now = context.clock.now()
    seen = book.seen_by(who)
    today = seen.appointments(await book.day(book.local(now).date()))
    open_ = sum(each.status.is_open for each in today)
    done = sum(each.status is AppointmentStatus.COMPLETED for each in today)
    tile = Tile(
        {"en": "Appointments today", "zh-CN": "今日预约"},
        f"{done} / {done + open_}",
        "/schedule",
        note={"en": "done / all", "zh-CN": "已完成 / 全部"},
        place=100,
    )
    problems = seen.problems(await book.problems(now))
    if not problems:
        return Glance((tile,))
    count = len({each.appointment.id for each in problems})
    why = {
        "en": f"{count} appointment{' needs' if count == 1 else 's need'} a person.",
        "zh-CN": f"{count} 个预约待人工处理。",
    }
    schedule = {"en": "Schedule", "zh-CN": "日程"}
    told = Attention(Level.MEDIUM, schedule, why, "/schedule/problems")
    return Glance((tile,), (told,))


room = Room(
    name="schedule",
    open=_open,
    section=ScheduleOptions,
    package="gateway.schedule",
    tells=TELLS,
    navigation=(
        Entry(
            "/schedule",
            {"en": "Schedule", "zh-CN": "日程"},
            Permission.READ_SCHEDULE,
            50,
            Area.PATIENTS,
            "calendar",
            also=("/appointments",),
        ),
        Entry(
            "/orders",
            {"en": "Orders", "zh-CN": "申请单"},
            Permission.READ_SCHEDULE,
            140,
            Area.PATIENTS,
            "paper",
        ),
        Entry(
            "/calendar",
            {"en": "Working days", "zh-CN": "工作日历"},
            Permission.READ_SCHEDULE,
            160,
            Area.PATIENTS,
            "calendar",
        ),
    ),
    words={
        "appointment": tuple(AppointmentStatus),
        "step": ("arrived", "started", "completed", "booked", "cancelled", "no-show"),
        "problem": tuple(ProblemKind),
        "order": tuple(OrderStatus),
        "day": tuple(Origin),
        "mark": ("work", "rest"),
        "effect": tuple(Effect),
        "origin": (Sort.FILE, Sort.HAND),
        "weekday": WEEKDAYS,
        "weekday-short": SHORT_WEEKDAYS,
    },
)
