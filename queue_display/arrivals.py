"""Who stands at the kiosk: from what was scanned to today's appointments. Never a guess."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx
import orjson

from gateway.model import Instant
from gateway.patients.facts import plain
from gateway.room import Appointment, Neighbours, Patient, PatientKey, People
from queue_display.options import QrOptions
from queue_display.scene import Stage
from queue_display.terms import Words, words

_MINUTE = 60_000_000
_LONGEST_ANSWER = 10_000

NOT_A_CARD = words(
    "无法识别。请换一种证件，或到前台签到。",
    "This is not understood. Use another card, or come to the desk.",
)
NOBODY = words(
    "没有找到今天的预约，请到前台。", "No appointment of today was found. Please come to the desk."
)
SEVERAL = words("请到前台签到。", "Please come to the desk to check in.")
NO_ANSWER = words(
    "二维码暂时无法识别。请使用就诊卡或身份证。",
    "The code can't be read at the moment. Use the hospital card or the ID card.",
)


class NotFound(LookupError):  # noqa: N818 - an answer to whoever stands there
    """Why nobody is checked in; `text` says what to do, and nothing of anybody."""

    def __init__(self, text: Words) -> None:
        super().__init__(text["en"])
        self.text = text


@dataclass(frozen=True, slots=True)
class Arrival:
    """A patient and the appointments of today, each with its queue, in order of time."""

    patient: Patient | None
    stops: tuple[tuple[str, Appointment], ...]


class Reception:
    """Finds arrivals. StoreError where the books can't be read."""

    def __init__(
        self, stage: Stage, neighbours: Neighbours, client: httpx.AsyncClient | None
    ) -> None:
        self._stage, self._neighbours, self._client = stage, neighbours, client
        self._options = stage.options.check_in

    @property
    def by_birth_date(self) -> bool:
        """Whether a name and a birth date may do."""
        return self._options.by_birth_date

    async def scanned(self, text: str, now: Instant) -> Arrival:
        """By a card, a wristband, a number typed in, or a dynamic code; NotFound otherwise."""
        text = text.strip()
        qr = self._options.qr
        if qr is not None and re.fullmatch(qr.pattern, text):
            return await self.known(await self._asked(qr, text), now)
        for card in self._options.cards:
            if found := re.fullmatch(card.pattern, text):
                number = found.groupdict().get("number") or found[0]
                return await self.known((number, card.issuer), now)
        raise NotFound(NOT_A_CARD)

    async def patient(self, key: PatientKey) -> Patient | None:
        """Who has a number; None if nobody is known by it, or several are."""
        try:
            return await self._neighbours(People).resolve(*key)
        except LookupError:
            return None

    async def known(self, key: PatientKey, now: Instant, *, early: bool = True) -> Arrival:
        """By a number and its issuer. `early` False: however long before the appointment."""
        patient = await self.patient(key)
        keys = {(e.value, e.issuer) for e in patient.identifiers} if patient else {key}
        return await self._of(keys, patient, now, early=early)

    async def born(self, name: str, birth_date: str, now: Instant) -> Arrival:
        """By the whole name and the birth date, if that is one person of today's appointments."""
        if not self._options.by_birth_date or not name.strip() or not birth_date:
            raise NotFound(SEVERAL)
        agenda = await self._stage.agenda(now)
        people = await self._stage.people(agenda.values())
        wanted = plain(name)
        found = {
            patient.id: patient
            for patient in people.values()
            if patient.birth_date == birth_date
            and any(plain(each.text) == wanted for each in patient.names)
        }
        if len(found) != 1:
            raise NotFound(NOBODY if not found else SEVERAL)
        (patient,) = found.values()
        return await self._of({(e.value, e.issuer) for e in patient.identifiers}, patient, now)

    async def _of(
        self, keys: set[PatientKey], patient: Patient | None, now: Instant, *, early: bool = True
    ) -> Arrival:
        queues = {queue.resource: name for name, queue in self._stage.options.queues.items()}
        agenda = await self._stage.agenda(now)
        latest = now + round(self._options.early * _MINUTE)
        stops = [
            (queues[each.resource], each)
            for each in agenda.values()
            if each.key in keys
            and each.status.is_open
            and each.resource in queues
            and (not early or each.start is None or each.start <= latest)
        ]
        if not stops:
            raise NotFound(NOBODY)
        return Arrival(patient, tuple(sorted(stops, key=lambda each: each[1].start or 0)))

    async def _asked(self, qr: QrOptions, code: str) -> PatientKey:
        """Whom the hospital's service says a code is of; NotFound if it does not say in time."""
        if self._client is None:
            raise NotFound(NO_ANSWER)
        try:
            answer = await self._client.post(qr.url, json={"code": code}, timeout=qr.seconds)
            answer.raise_for_status()
            return _key_in(orjson.loads(answer.content[:_LONGEST_ANSWER]))
        except (httpx.HTTPError, orjson.JSONDecodeError, KeyError, TypeError) as error:
            raise NotFound(NO_ANSWER) from error


def _key_in(said: Mapping[str, Any]) -> PatientKey:
    number, issuer = said["number"], said["issuer"]
    if not (isinstance(number, str) and isinstance(issuer, str) and number and issuer):
        raise KeyError("number")
    return number, issuer
