"""What the schedule gives to be printed: today's appointments, machine by machine."""

from __future__ import annotations

from collections.abc import Mapping

from gateway.model import AppointmentStatus, Instant, Localized
from gateway.room import OWNER, Appointment, Paper
from gateway.schedule.book import ScheduleBook
from gateway.schedule.faces import Faces

_HEAD: tuple[Localized, ...] = (
    {"en": "Time", "zh-CN": "时间"},
    {"en": "Machine or room", "zh-CN": "设备或机房"},
    {"en": "Patient", "zh-CN": "患者"},
    {"en": "Number", "zh-CN": "号码"},
    {"en": "What for", "zh-CN": "事项"},
    {"en": "Status", "zh-CN": "状态"},
    {"en": "Not to be called", "zh-CN": "不可叫号"},
)
_STATUSES: Mapping[AppointmentStatus, Localized] = {
    AppointmentStatus.PENDING: {"en": "pending", "zh-CN": "待确认"},
    AppointmentStatus.WAITLIST: {"en": "waitlist", "zh-CN": "候补"},
    AppointmentStatus.BOOKED: {"en": "booked", "zh-CN": "已预约"},
    AppointmentStatus.ARRIVED: {"en": "arrived", "zh-CN": "已到达"},
    AppointmentStatus.STARTED: {"en": "started", "zh-CN": "进行中"},
    AppointmentStatus.COMPLETED: {"en": "completed", "zh-CN": "已完成"},
    AppointmentStatus.CANCELLED: {"en": "cancelled", "zh-CN": "已取消"},
    AppointmentStatus.NO_SHOW: {"en": "no-show", "zh-CN": "未到"},
    AppointmentStatus.BLOCKED: {"en": "blocked", "zh-CN": "已封锁"},
    AppointmentStatus.ENTERED_IN_ERROR: {"en": "entered in error", "zh-CN": "录入错误"},
}


async def appointment_paper(book: ScheduleBook, now: Instant, language: str) -> Paper:
    """Today's appointments by machine or room and time; those that may not be called stand out."""
    found = await book.day(book.local(now).date())
    standing = sorted(
        (each for each in found if each.status is not AppointmentStatus.ENTERED_IN_ERROR),
        key=lambda each: (each.resource, each.start or 0, each.id),
    )
    faces = await Faces.of(book, standing, OWNER, language)
    rows = [_row(book, each, faces) for each in standing]
    grave = frozenset(place for place, each in enumerate(standing) if each.gates)
    title = {"en": "Appointments today", "zh-CN": "今日预约"}
    return Paper("appointments", title, _HEAD, rows, grave=grave)


def _row(book: ScheduleBook, each: Appointment, faces: Faces) -> tuple[Localized, ...]:
    face, resource = faces.face(each), book.resources.get(each.resource)
    sent = ", ".join(use.id for use in each.resources)
    return (
        f"{book.local(each.start):%H:%M}" if each.start is not None else "—",
        resource.name if resource is not None else sent or "—",
        face.name,
        face.number,
        each.title,
        _STATUSES[each.status],
        each.gates[0].reason if each.gates else "",
    )
