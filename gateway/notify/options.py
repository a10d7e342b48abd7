"""The section `notify` of devices.yaml: who is told what, when, and by which way."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    WithJsonSchema,
    field_validator,
    model_validator,
)

from gateway.config import OpenSecret, discover_rooms
from gateway.config.suggest import did_you_mean
from gateway.driver import LinkEntry
from gateway.model import Localized
from gateway.notify.written import Address, Line, is_one_line
from gateway.profile import ClockTime, Priority, Seconds
from gateway.room import Mistake

_GATEWAY = "gateway"
"""The device of notices about the gateway itself."""


class _Options(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Person(_Options):
    """Somebody who can be told. `language` left out: both."""

    name: Line = Field(min_length=1)
    mail: Address
    language: Literal["zh-CN", "en"] | None = None


class WebAddress(OpenSecret):
    """The address of a web service: often the key to it stands in its path or query."""

    placeholder = "https://unknown.invalid/"


class Webhook(_Options):
    """A system that is told by POST. `secret` signs the body; `ended` also tells what is over.

    `url` may be a reference, `env:NAME` or `file:PATH`. People are shown its `host` alone.
    """

    url: Annotated[
        WebAddress, WithJsonSchema({"type": "string", "pattern": "^(https?://|env:|file:).+$"})
    ]
    secret: SecretStr
    ended: bool = True
    ca: Path | None = Field(default=None, description="file of its certificate authority")
    timeout: Seconds = Field(default=10, gt=0)

    @field_validator("url")
    @classmethod
    def _is_url(cls, url: WebAddress) -> WebAddress:
        try:
            parts = urlsplit(url.get_secret_value())
        except ValueError:
            parts = urlsplit("")
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise ValueError("write the whole address: https://host/path")
        return url

    @property
    def scheme(self) -> str:
        return urlsplit(self.url.get_secret_value()).scheme

    @property
    def host(self) -> str:
        return urlsplit(self.url.get_secret_value()).hostname or ""

    @property
    def calls(self) -> tuple[str, ...]:
        """The host that is called, where the address is known."""
        known = self.url.get_secret_value() != WebAddress.placeholder
        return (self.host,) if known else ()


class Security(StrEnum):
    """How the conversation with the mail server is protected."""

    STARTTLS = "starttls"
    TLS = "tls"
    NONE = "none"


class Mail(_Options):
    """The mail server that takes our letters."""

    host: str = Field(min_length=1)
    port: int = Field(default=587, ge=1, le=65535)
    security: Security = Security.STARTTLS
    username: str | None = None
    password: SecretStr | None = None
    sender: Address
    ca: Path | None = Field(default=None, description="file of its certificate authority")
    timeout: Seconds = Field(default=30, gt=0)


class Day(StrEnum):
    """Days of the week, Monday first."""

    MON = "mon"
    TUE = "tue"
    WED = "wed"
    THU = "thu"
    FRI = "fri"
    SAT = "sat"
    SUN = "sun"


class Shift(_Options):
    """Who has duty. Days, hours and holidays left out mean any; hours may pass midnight.

    Holidays are those of the calendar (`schedule: holidays:`); a weekend day that is worked on
    (调休) is a day of shifts that name Monday to Friday, and of no weekend shift. `start` counts,
    `end` does not.
    """

    who: tuple[str, ...] = Field(min_length=1)
    days: tuple[Day, ...] = ()
    start: ClockTime | None = None
    end: ClockTime | None = None
    holidays: bool | None = Field(default=None, description="only on holidays, or never on them")

    @model_validator(mode="after")
    def _both_or_none(self) -> Self:
        if (self.start is None) != (self.end is None):
            raise ValueError("give both `start` and `end`, or neither")
        return self


class Escalation(_Options):
    """Whom else to tell when nobody has acknowledged for so long."""

    after: Seconds = Field(gt=0)
    tell: tuple[str, ...] = Field(min_length=1)


class Route(_Options):
    """Who is told of what; left out means any. All routes that fit are taken.

    Of `devices`, `gateway` is the gateway itself.
    """

    tell: tuple[str, ...] = Field(min_length=1)
    priorities: tuple[Priority, ...] = ()
    sources: tuple[str, ...] = Field(default=(), description="rooms, e.g. alarms")
    devices: tuple[str, ...] = ()
    escalate: tuple[Escalation, ...] = ()

    def everybody(self) -> Iterator[str]:
        """The names that are told sooner or later."""
        yield from self.tell
        for each in self.escalate:
            yield from each.tell

    @model_validator(mode="after")
    def _later_and_later(self) -> Self:
        afters = [each.after for each in self.escalate]
        if afters != sorted(set(afters)):
            raise ValueError("escalate: each `after` must be longer than the one before")
        return self


class Notify(_Options):
    """People, systems and duties have names of one kind; `tell` and `who` use them.

    `pace` is the least time between two letters to a person: what comes meanwhile goes together.
    `max_silence` bounds every silence.
    """

    people: Mapping[str, Person] = Field(default_factory=dict)
    webhooks: Mapping[str, Webhook] = Field(default_factory=dict)
    mail: Mail | None = None
    duties: Mapping[str, tuple[Shift, ...]] = Field(default_factory=dict)
    routes: tuple[Route, ...] = ()
    pace: Seconds = 60
    max_silence: Seconds = Field(default=86_400, gt=0)
    page_of_site: str = Field(
        default="", description="address of the pages as people reach it, for links in letters"
    )
    title: Localized = ""

    @field_validator("title")
    @classmethod
    def _in_one_line(cls, title: Localized) -> Localized:
        for text in (title,) if isinstance(title, str) else title.values():
            is_one_line(text)
        return title

    def calls(self) -> Sequence[str]:
        """Hosts that are called."""
        hosts = [host for each in self.webhooks.values() for host in each.calls]
        return [*hosts, *([self.mail.host] if self.mail is not None else [])]

    def untold(self) -> list[str]:
        """People and webhooks that no route reaches, by itself or by a duty."""
        told = {name for route in self.routes for name in route.everybody()}
        duties = (shifts for duty, shifts in self.duties.items() if duty in told)
        told |= {name for shifts in duties for shift in shifts for name in shift.who}
        return [name for name in (*self.people, *self.webhooks) if name not in told]

    def faults(self, links: Sequence[LinkEntry]) -> Iterable[Mistake]:
        """Names that nobody has, names that several have, and who is told of nothing."""
        if self.people and self.mail is None:
            yield Mistake(("people",), "people are told by mail, and there is no `mail` server")
        for name in self.duties:
            if name in self.people or name in self.webhooks:
                yield Mistake(("duties", name), f"'{name}' is the name of somebody else already")
        for name in self.webhooks:
            if name in self.people:
                yield Mistake(("webhooks", name), f"'{name}' is the name of a person already")
        for name, shifts in self.duties.items():
            if not shifts:
                yield Mistake(("duties", name), "nobody has this duty: give it at least one shift")
        yield from self._strangers()
        yield from self._unmatched(links)
        for name in self.untold():
            trail = ("people" if name in self.people else "webhooks", name)
            yield Mistake(trail, f"no route tells '{name}' of anything", note=True)

    def _unmatched(self, links: Sequence[LinkEntry]) -> Iterator[Mistake]:
        """What routes ask for and the site has not: nothing of it would be told."""
        devices = {_GATEWAY, *(entry.id for link in links for entry in link.devices)}
        rooms = set(discover_rooms())
        for place, route in enumerate(self.routes):
            trail = ("routes", place, "devices")
            yield from _unknown(trail, route.devices, devices, "there is no device '{}'")
            trail = ("routes", place, "sources")
            yield from _unknown(trail, route.sources, rooms, "there is no room '{}'")

    def _strangers(self) -> Iterator[Mistake]:
        ends = self.people.keys() | self.webhooks.keys()
        everybody = ends | self.duties.keys()
        for name, shifts in self.duties.items():
            for place, shift in enumerate(shifts):
                trail = ("duties", name, place, "who")
                yield from _unknown(trail, shift.who, ends)
        for place, route in enumerate(self.routes):
            yield from _unknown(("routes", place, "tell"), route.tell, everybody)
            for step, each in enumerate(route.escalate):
                trail_ = ("routes", place, "escalate", step, "tell")
                yield from _unknown(trail_, each.tell, everybody)


def _unknown(
    trail: tuple[str | int, ...],
    names: Sequence[str],
    known: Iterable[str],
    said: str = "nobody is called '{}'",
) -> Iterator[Mistake]:
    everybody = set(known)
    for place, name in enumerate(names):
        if name not in everybody:
            hint = did_you_mean(name, everybody)
            yield Mistake((*trail, place), said.format(name), hint)
