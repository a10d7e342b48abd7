"""What a message says of a device, by the device's profile. Pure: no clock, no connection."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Protocol
from zoneinfo import ZoneInfo

from drivers.mqtt.codec import Publish
from drivers.mqtt.paths import ABSENT, Path, find, parse_path, write_path
from drivers.mqtt.payload import Digits, number, parse_json, parse_text
from drivers.mqtt.profile import Availability, MqttDevice, MqttProfile, Topic
from drivers.mqtt.times import parse_time
from drivers.mqtt.topics import expand
from gateway import DeviceEntry, Instant, Kind, ProtocolViolation, Quality, Reading, sentence

_MOST_UNKNOWN = 32


@dataclass(frozen=True, slots=True)
class Said:
    """What one message says of one device. `online` is None where it says nothing of that.

    `identified`: the payload carries what its profile declares as identity, so that equal bytes
    are the same message. `observed_at` is the device's own time, which two messages may share.
    """

    device: str
    readings: tuple[Reading, ...] = ()
    online: bool | None = None
    identified: bool = False
    observed_at: Instant | None = None


class Listener(Protocol):
    """Understands one topic of one device."""

    @property
    def device(self) -> str: ...

    def hear(self, message: Publish) -> Said:
        """What `message` says; ProtocolViolation if it can't be understood."""
        ...


def listeners(entry: DeviceEntry) -> Iterator[tuple[str, Listener]]:
    """The topics of a device, each with who understands it; ValueError if one can't be named."""
    profile, options = entry.profile, entry.options
    if not isinstance(profile, MqttProfile) or not isinstance(options, MqttDevice):
        raise TypeError(f"{entry.id}: not a device of the mqtt driver")
    values = {"device": entry.id, **options.topic_vars}
    for name, topic in profile.topics.items():
        if topic.payload == "json":
            yield expand(topic.topic, values), JsonListener(entry.id, profile, name)
        else:
            yield expand(topic.topic, values), TextListener(entry.id, profile, name)
    if profile.availability is not None:
        said = AvailabilityListener(entry.id, profile.availability)
        yield expand(profile.availability.topic, values), said


class JsonListener:
    """Reads the points of a JSON payload.

    A point that is absent or null was not measured this time. Numbers at places that neither a
    point nor `ignore` names become readings under their path, which the profile doesn't know.
    """

    def __init__(self, device: str, profile: MqttProfile, name: str) -> None:
        self.device = device
        self._topic = profile.topics[name]
        self._points = {
            parse_path(profile.path_of(code)): (code, point.kind)
            for code, point in profile.points.items()
            if profile.topic_of(point) == name
        }
        self._identity = tuple(parse_path(path) for path in self._topic.identity)
        self._time = _Time(self._topic)
        self._known = _known_paths(self._topic, self._points)
        self._members = frozenset(path[0] for path in self._known if len(path) == 1)

    def hear(self, message: Publish) -> Said:
        document = parse_json(message.payload)
        observed_at = self._time.of(document)
        quality = _quality(message, observed_at)
        readings = tuple(
            _reading(code, kind, value, observed_at, quality)
            for path, (code, kind) in self._points.items()
            if (value := find(document, path)) is not ABSENT and value is not None
        )
        return Said(
            self.device,
            readings + self._unknown(document, observed_at, quality),
            identified=self._has_identity(document),
            observed_at=observed_at,
        )

    def _has_identity(self, document: object) -> bool:
        values = [find(document, path) for path in self._identity]
        return bool(values) and all(value is not ABSENT and value is not None for value in values)

    def _unknown(
        self, document: object, observed_at: Instant | None, quality: Quality
    ) -> tuple[Reading, ...]:
        if self._topic.unknown == "ignore" or self._is_familiar(document):
            return ()
        return tuple(
            _reading(write_path(path), Kind.MEASUREMENT, digits, observed_at, quality)
            for path, digits in islice(_numbers(document, self._known), _MOST_UNKNOWN)
        )

    def _is_familiar(self, document: object) -> bool:
        """Whether every member is known by its name: the usual case, told at a glance."""
        return isinstance(document, dict) and document.keys() <= self._members


class TextListener:
    """Reads a payload that is one value."""

    def __init__(self, device: str, profile: MqttProfile, name: str) -> None:
        self.device = device
        self._code, self._kind = next(
            (code, point.kind)
            for code, point in profile.points.items()
            if profile.topic_of(point) == name
        )

    def hear(self, message: Publish) -> Said:
        text = parse_text(message.payload).strip()
        if self._kind is Kind.MEASUREMENT and number(text) is None:
            raise ProtocolViolation(
                sentence("{text} is not a number", text=repr(text[:80])), message.payload
            )
        reading = _reading(self._code, self._kind, text, None, _quality(message, None))
        return Said(self.device, (reading,))


class AvailabilityListener:
    """Reads whether the device is there."""

    def __init__(self, device: str, availability: Availability) -> None:
        self.device = device
        self._words = {availability.online: True, availability.offline: False}
        self._path = None if availability.at is None else parse_path(availability.at)

    def hear(self, message: Publish) -> Said:
        if self._path is None:
            word: object = parse_text(message.payload).strip()
        else:
            word = find(parse_json(message.payload), self._path)
            if isinstance(word, bool):
                word = "true" if word else "false"
        if not isinstance(word, str) or word not in self._words:
            words = " or ".join(self._words)
            raise ProtocolViolation(
                sentence("availability is not {words}", words=words), message.payload
            )
        return Said(self.device, online=self._words[word])


class _Time:
    """The device's own clock in a topic's payload, if it has one."""

    def __init__(self, topic: Topic) -> None:
        self._declared = topic.observed_at
        self._path = parse_path(topic.observed_at.at) if topic.observed_at else ()
        zone = topic.observed_at.zone if topic.observed_at else None
        self._zone = ZoneInfo(zone) if zone else None

    def of(self, document: object) -> Instant | None:
        if self._declared is None:
            return None
        value = find(document, self._path)
        if value is ABSENT or value is None:
            return None
        return parse_time(value, self._declared.format, self._zone)


def _quality(message: Publish, observed_at: Instant | None) -> Quality:
    """A retained message without a time may be of any age."""
    return Quality.UNCERTAIN if message.retain and observed_at is None else Quality.GOOD


def _reading(
    code: str, kind: Kind, value: object, observed_at: Instant | None, quality: Quality
) -> Reading:
    match value:
        case Digits():
            return Reading(code, str(value), number(value), "", observed_at, quality)
        case str():
            amount = number(value.strip()) if kind is Kind.MEASUREMENT else None
            return Reading(code, value, amount, "", observed_at, quality)
        case bool():
            text = "true" if value else "false"
            return Reading(code, text, None, "", observed_at, quality)
        case _:
            raise ProtocolViolation(
                sentence("{code} is an object, not a value", code=code)
                if isinstance(value, dict)
                else sentence("{code} is an array, not a value", code=code)
            )


def _known_paths(topic: Topic, points: Mapping[Path, object]) -> frozenset[Path]:
    others = (*topic.identity, *topic.ignore)
    times = () if topic.observed_at is None else (topic.observed_at.at,)
    return frozenset(points) | {parse_path(path) for path in (*others, *times)}


def _numbers(document: object, known: frozenset[Path]) -> Iterator[tuple[Path, Digits]]:
    """Every number of a document with its path, but none at or under a known path."""
    waiting: list[tuple[Path, object]] = [((), document)]
    while waiting:
        path, value = waiting.pop()
        if path in known:
            continue
        match value:
            case Digits():
                yield path, value
            case dict():
                waiting.extend(((*path, name), member) for name, member in value.items())
            case list():
                waiting.extend(((*path, at), element) for at, element in enumerate(value))
            case _:
                pass
