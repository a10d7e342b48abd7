"""The `queue` section of devices.yaml: queues, the policy of calling, displays, check-in."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from enum import StrEnum
from typing import Annotated, Self
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    field_validator,
    model_validator,
)

from gateway.driver import LinkEntry
from gateway.model import Kind, Localized
from gateway.notify.options import Webhook
from gateway.room import Mistake
from gateway.transport import Outgoing, Serial
from queue_display.boards.template import Template, parse
from queue_display.terms import Mark, spoken
from queue_display.voice.options import AnnouncerOptions, ClipsOptions, VoiceOptions
from queue_display.voice.script import Tongue, needed

Name = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9._-]{0,62}$")]
Minutes = Annotated[float, Field(ge=0, le=1440)]


def _compiles(text: str) -> str:
    try:
        re.compile(text)
    except re.error as error:
        raise ValueError(f"no regular expression: {error}") from None
    return text


Pattern = Annotated[str, AfterValidator(_compiles)]


class _Options(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class SignalVerb(StrEnum):
    """What an event proposes: a step of the running ticket, or of the whole queue.

    BEAM proposes none: the door has closed, or the beam is on, which only the estimate heeds.
    """

    ENTER = "enter"
    START = "start"
    FINISH = "finish"
    STOP = "stop"
    RESUME = "resume"
    BEAM = "beam"


class QueueOptions(_Options):
    """One queue: who waits for one machine or room.

    `resource` is the schedule's id of it; `prefix` begins its numbers; `place` is where a called
    patient goes, `arrow` the way there as seen from the hall. `twin` is a queue that its patients
    may be transferred to. `at_once` is how many may be called, in the room or in treatment
    together: 2 has the next one prepare while one is treated. `automatic` are the steps that
    device events take without a person's confirmation. `follows` is the treatment machine, as plans
    name it, whose sessions begin and end treatments here. `said_in` are the languages of its calls,
    where they are others than those of the zone.
    """

    name: Localized
    resource: Name
    prefix: Annotated[str, StringConstraints(pattern=r"^[A-Z]{1,2}$")] = "A"
    place: Localized = ""
    arrow: Annotated[str, StringConstraints(pattern=r"^[←→↑↓↖↗↘↙]?$")] = ""
    twin: Name | None = None
    at_once: int = Field(default=2, ge=1, le=10)
    automatic: tuple[SignalVerb, ...] = ()
    follows: str = ""
    said_in: tuple[Tongue, ...] = ()


class PriorityOptions(_Options):
    """A priority that a source's code or a person gives: ahead of all, or some minutes earlier."""

    name: Localized
    first: bool = False
    minutes: Minutes = 0
    codes: tuple[str, ...] = ()


class PolicyOptions(_Options):
    """Who is called before whom.

    A ticket counts as its appointment's time less the minutes of `earlier` for each of its marks;
    one that is checked in more than `grace` minutes late counts as when it came. Infection comes
    last, and the room is cleaned for `cleaning` minutes after it. Who returns after having been
    skipped comes after the next `after_skip` patients. `undo` is for how many seconds a step can
    be taken back. `kinds` are the marks that the kind of an appointment brings with it.
    """

    grace: Minutes = 10
    earlier: dict[Mark, Minutes] = {Mark.ANAESTHESIA: 60, Mark.FASTING: 30, Mark.IN_PATIENT: 0}
    infection_last: bool = True
    cleaning: Minutes = 15
    after_skip: int = Field(default=2, ge=0, le=50)
    undo: int = Field(default=60, ge=0, le=3600)
    priorities: dict[Name, PriorityOptions] = {}
    kinds: dict[str, tuple[Mark, ...]] = {}

    @field_validator("earlier")
    @classmethod
    def _not_infection(cls, value: dict[Mark, float]) -> dict[Mark, float]:
        if Mark.INFECTION in value:
            raise ValueError("infection comes last and has no minutes: see infection_last")
        return value


class Masking(StrEnum):
    """How a display names a patient, beside the number: 张*三, 张*, or not at all."""

    MASKED = "masked"
    INITIALS = "initials"
    NUMBER = "number"


class Layout(StrEnum):
    HALL = "hall"
    DOOR = "door"


class DisplayOptions(_Options):
    """The screens of one zone, which share a layout; a token is for `zone:<its key>`."""

    name: Localized = ""
    queues: tuple[Name, ...] = Field(min_length=1)
    layout: Layout = Layout.HALL
    names: Masking = Masking.MASKED
    languages: tuple[Annotated[str, StringConstraints(pattern=r"^(zh-CN|en)$")], ...] = (
        "zh-CN",
        "en",
    )
    notice: Localized = ""
    voice: VoiceOptions | None = None

    @model_validator(mode="after")
    def _one_door(self) -> Self:
        if self.layout is Layout.DOOR and len(self.queues) != 1:
            raise ValueError("a door screen shows one queue")
        return self


class CardOptions(_Options):
    """A number that a kiosk takes: what it looks like, and whose it is. The first that fits counts.

    `pattern` is a regular expression over the whole input; its group `number`, if it has one, is
    the number.
    """

    name: Localized
    pattern: Pattern
    issuer: str = Field(min_length=1)


class QrOptions(_Options):
    """The hospital's own service that says whom a dynamic code (医保电子凭证, 电子健康卡) names.

    It is posted `{"code": …}` and answers `{"number": …, "issuer": …}`.
    """

    pattern: Pattern
    url: Annotated[str, StringConstraints(pattern=r"^https?://")]
    seconds: float = Field(default=3, gt=0, le=30)


class KioskOptions(_Options):
    """A kiosk with `readers`: devices (driver `line`) whose readings are answered on its page.

    Its token has the scope `zone:<its key>`.
    """

    readers: tuple[str, ...] = Field(min_length=1)


class CheckInOptions(_Options):
    """`early` minutes before the appointment a kiosk checks in at the soonest.

    `arrivals`: who has arrived by the schedule, as the hospital's system says, is checked in.
    """

    cards: tuple[CardOptions, ...] = ()
    qr: QrOptions | None = None
    by_birth_date: bool = False
    early: Minutes = 240
    arrivals: bool = False
    kiosks: dict[Name, KioskOptions] = {}


class SignalOptions(_Options):
    """Which events propose what for a queue; what is left out is not looked at.

    `code` is that of the event, `value` its value's code or text, `where` what members of its
    payload have to be.
    """

    kind: Kind
    queue: Name
    proposes: SignalVerb
    device: str = ""
    code: str = ""
    value: str = ""
    where: dict[str, str] = {}


_OF_SESSIONS = {
    "session.began": SignalVerb.START,
    "session.beam": SignalVerb.BEAM,
    "session.completed": SignalVerb.FINISH,
}
"""What treatment sessions say, whichever way they were heard of. One that was discontinued ends
nothing: the patient may still be inside."""


class BoardOptions(_Options):
    """An LED board: the number of the newest call of a queue, never a name.

    `frame` is its form (`queue_display.boards.template`), `text` what the word `text` in it shows.
    While nobody is called it shows the number `idle` and `idle_text`, or what it showed before.
    """

    queue: Name
    frame: str
    text: str = "{label}"
    idle: int | None = Field(default=None, ge=0)
    idle_text: str = ""
    language: Annotated[str, StringConstraints(pattern=r"^(zh-CN|en)$")] = "zh-CN"

    @field_validator("frame")
    @classmethod
    def _parses(cls, value: str) -> str:
        parse(value)
        return value

    @property
    def template(self) -> Template:
        return parse(self.frame)


class LineOptions(_Options):
    """Boards on one line, or behind one device server; `pause` seconds between two frames."""

    transport: Outgoing = Field(discriminator="type")
    boards: tuple[BoardOptions, ...] = Field(min_length=1)
    pause: float = Field(default=0.05, ge=0, le=10)


class Step(StrEnum):
    """What of a ticket a patient is told of."""

    CHECKED_IN = "checked-in"
    POSITION = "position"
    CALLED = "called"
    SKIPPED = "skipped"


class OutletRule(_Options):
    """When an outlet is told: with `position` 3, once the patient is third in line or nearer."""

    on: Step
    position: int = Field(default=3, ge=1, le=100)


class OutletOptions(_Options):
    """A hospital's own service that tells patients, by WeChat or SMS.

    What could not be handed over within `minutes` is not told any more: it would be wrong by then.
    """

    webhook: Webhook
    rules: tuple[OutletRule, ...] = Field(min_length=1)
    queues: tuple[Name, ...] = ()
    names: Masking = Masking.MASKED
    minutes: Annotated[float, Field(gt=0, le=240)] = 20

    @field_validator("webhook")
    @classmethod
    def _is_secret(cls, hook: Webhook) -> Webhook:
        if hook.scheme != "https" and hook.host not in {"127.0.0.1", "::1", "localhost"}:
            raise ValueError("what is told of patients goes by https: alone")
        return hook


class ReadingOptions(_Options):
    """How a surname is read at this site: pinyin with tones as digits, characters of that sound."""

    pinyin: Annotated[str, StringConstraints(pattern=r"^[a-z]+[1-5]( [a-z]+[1-5])*$")]
    like: str = Field(min_length=1)


class QueueRoomOptions(_Options):
    """The section."""

    queues: dict[Name, QueueOptions] = Field(min_length=1)
    policy: PolicyOptions = PolicyOptions()
    displays: dict[Name, DisplayOptions] = {}
    check_in: CheckInOptions = CheckInOptions()
    signals: tuple[SignalOptions, ...] = ()
    boards: dict[Name, LineOptions] = {}
    outlets: dict[Name, OutletOptions] = {}
    announcers: dict[Name, AnnouncerOptions] = {}
    readings: dict[str, ReadingOptions] = {}

    @property
    def rules(self) -> tuple[SignalOptions, ...]:
        """Which events move a queue: those of `signals`, and sessions of machines it follows."""
        followed = (
            SignalOptions(
                kind=Kind.ACTION,
                code=code,
                where={"machine": each.follows},
                queue=name,
                proposes=verb,
            )
            for name, each in self.queues.items()
            if each.follows
            for code, verb in _OF_SESSIONS.items()
        )
        return (*self.signals, *followed)

    def calls(self) -> Sequence[str]:
        """The hosts that are called: the service for dynamic codes, outlets, and boards."""
        qr = self.check_in.qr
        hosts = [host for each in self.outlets.values() for host in each.webhook.calls]
        if qr is not None:
            hosts.append(urlsplit(qr.url).hostname or "")
        lines = (line.transport for line in self.boards.values())
        return [*hosts, *(line.host for line in lines if not isinstance(line, Serial))]

    def faults(self, links: Sequence[LinkEntry]) -> Iterable[Mistake]:
        """Names of queues and devices that there are not."""
        for trail, name in self._named():
            own = trail[0] == "queues" and trail[1] == name
            if name not in self.queues or own:
                yield Mistake(
                    trail, f"no other queue is {name}", f"queues: {', '.join(self.queues)}"
                )
        devices = {device.id for link in links for device in link.devices}
        for place, signal in enumerate(self.signals):
            if signal.device and signal.device not in devices:
                trail = ("signals", place, "device")
                yield Mistake(trail, f"no device has the id {signal.device}")
        yield from self._unread(devices)
        yield from self._unspoken()

    def _unread(self, devices: Collection[str]) -> Iterable[Mistake]:
        """Readers that there are not, or that two kiosks have."""
        seen: set[str] = set()
        for name, kiosk in self.check_in.kiosks.items():
            for place, reader in enumerate(kiosk.readers):
                trail = ("check_in", "kiosks", name, "readers", place)
                if reader not in devices:
                    yield Mistake(trail, f"no device has the id {reader}")
                elif reader in seen:
                    yield Mistake(trail, f"{reader} is bound to a kiosk already")
                seen.add(reader)

    def _unspoken(self) -> Iterable[Mistake]:
        """Announcers that there are not, and recordings that are missing or can't be played."""
        for name, display in self.displays.items():
            for place, each in enumerate(display.voice.by if display.voice else ()):
                if each not in self.announcers:
                    trail = ("displays", name, "voice", "by", place)
                    known = ", ".join(self.announcers) or "none"
                    yield Mistake(trail, f"no announcer is {each}", f"announcers: {known}")
        for name, announcer in self.announcers.items():
            if isinstance(announcer, ClipsOptions):
                for fault in self._unrecorded(name, announcer):
                    yield Mistake(("announcers", name, "folder"), fault)

    def _unrecorded(self, name: str, announcer: ClipsOptions) -> Iterable[str]:
        """Faults of a folder, and the words of its languages that its zones need besides."""
        from queue_display.voice.clips import read_clips  # noqa: PLC0415 - numpy, for sound alone

        clips, faults = read_clips(announcer.folder)
        yield from faults
        for queue, options in self.queues.items():
            for zone in self.displays.values():
                if zone.voice is None or name not in zone.voice.by or queue not in zone.queues:
                    continue
                for tongue in options.said_in or zone.voice.languages:
                    if tongue not in clips.words:
                        continue
                    where = spoken(options.place or options.name)
                    for word in clips.missing(tongue, needed(tongue, [options.prefix], [where])):
                        yield f"{tongue} has no recording of {word}, which {queue} needs"

    def _named(self) -> Iterable[tuple[tuple[str | int, ...], str]]:
        """Every name of a queue, and where it stands."""
        for name, queue in self.queues.items():
            if queue.twin is not None:
                yield ("queues", name, "twin"), queue.twin
        for name, display in self.displays.items():
            for place, each in enumerate(display.queues):
                yield ("displays", name, "queues", place), each
        for name, outlet in self.outlets.items():
            for place, each in enumerate(outlet.queues):
                yield ("outlets", name, "queues", place), each
        for place, signal in enumerate(self.signals):
            yield ("signals", place, "queue"), signal.queue
        for name, line in self.boards.items():
            for place, board in enumerate(line.boards):
                yield ("boards", name, "boards", place, "queue"), board.queue
