"""What an MQTT profile may say, and what devices.yaml may say of a link and a device."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path as FilePath
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    model_validator,
)

from drivers.mqtt.paths import parse_path, write_path
from drivers.mqtt.times import TimeFormat
from drivers.mqtt.topics import check_filter, check_template
from gateway import DeviceOptions, LinkOptions, Point, Profile

MQTT_5 = 5


def _path(text: str) -> str:
    parse_path(text)
    return text


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise ValueError(f"time zone {name!r} is not known; Asia/Shanghai is one") from error
    return name


JsonPath = Annotated[str, AfterValidator(_path)]
Template = Annotated[str, AfterValidator(check_template)]
Filter = Annotated[str, AfterValidator(check_filter)]
Zone = Annotated[str, AfterValidator(_zone)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class DeviceTime(_Part):
    """Where a payload carries the device's own clock. `zone` is for times written without one."""

    at: JsonPath
    format: TimeFormat = TimeFormat.RFC3339
    zone: Zone | None = None


class Topic(_Part):
    """A topic that the device publishes measurements to.

    `identity` names what makes a message this one and no other (sequence number, UUID). `unknown`
    says what becomes of numbers that no point and no `ignore` names.
    """

    topic: Template
    payload: Literal["json", "text"] = "json"
    observed_at: DeviceTime | None = None
    identity: tuple[JsonPath, ...] = ()
    ignore: tuple[JsonPath, ...] = ()
    unknown: Literal["quarantine", "ignore"] = "quarantine"


def _word(value: Any) -> Any:
    """YAML takes these two words for a truth; they are meant as JSON writes it."""
    return str(value).lower() if isinstance(value, bool) else value


Word = Annotated[str, BeforeValidator(_word)]


class Availability(_Part):
    """Where the device, or its last will, says that it came or went; `at` if that is JSON.

    There `true` and `false` are words too.
    """

    topic: Template
    at: JsonPath | None = None
    online: Word = "online"
    offline: Word = "offline"


class MqttPoint(Point):
    """One value: in which topic (may be left out if there is one) and where in its JSON.

    `at` left out means the member of the point's own name; a text payload is the value itself.
    """

    topic: str = ""
    at: JsonPath = ""


class MqttProfile(Profile):
    """One model of MQTT device."""

    topics: Mapping[str, Topic] = Field(min_length=1)
    availability: Availability | None = None
    points: Mapping[str, MqttPoint] = Field(min_length=1)

    def topic_of(self, point: MqttPoint) -> str:
        """The name of the topic that a point is read from."""
        return point.topic or next(iter(self.topics))

    def path_of(self, name: str) -> str:
        """The path of a point in its topic's JSON."""
        return self.points[name].at or write_path((name,))

    @model_validator(mode="after")
    def _agree(self) -> MqttProfile:
        faults = [*self._astray(), *self._mute()]
        if faults:
            raise ValueError("\n".join(faults))
        return self

    def _astray(self) -> Iterator[str]:
        """Points whose topic is not clear."""
        for name, point in self.points.items():
            if not point.topic and len(self.topics) > 1:
                yield f"points.{name}: say which topic: {', '.join(self.topics)}"
            elif self.topic_of(point) not in self.topics:
                yield f"points.{name}.topic: {point.topic!r} is not under topics"

    def _mute(self) -> Iterator[str]:
        """Topics that bring no point, or a text that several points can't share."""
        for name, topic in self.topics.items():
            theirs = [point for point in self.points.values() if self.topic_of(point) == name]
            if not theirs:
                yield f"topics.{name}: no point is read from it"
            elif topic.payload == "text" and (len(theirs) != 1 or theirs[0].at):
                yield f"topics.{name}: a text payload is exactly one point, without at"


class Tls(_Part):
    """Files for TLS. Without `ca` the machine's own certificate authorities count."""

    ca: FilePath | None = None
    certificate: FilePath | None = None
    key: FilePath | None = None


class MqttLink(LinkOptions):
    """A session at a broker. `client_id` names it and must never be shared by two gateways.

    `in_flight` is how many messages may wait for their commit at a time. `discover` is one filter
    to listen to beside the devices' own topics; what comes from no known device is quarantined.
    `session_expiry` (seconds, MQTT 5 only) is how long the broker keeps messages while we are away.
    With `qos` 0 nothing is kept or sent again: only for a broker that can do no more.
    """

    host: str = Field(min_length=1)
    port: int = Field(default=1883, ge=1, le=65535)
    client_id: str = Field(default="", max_length=64, pattern=r"^[\x21-\x7e]*$")
    username: str | None = None
    password: SecretStr | None = None
    keepalive: int = Field(default=15, ge=5, le=3600, description="seconds")
    version: Literal["3.1.1", 5] = 5
    tls: Tls | None = None
    in_flight: int = Field(default=200, ge=1, le=5000)
    session_expiry: int = Field(default=604_800, ge=60, le=4_294_967_295)
    qos: Literal[0, 1] = 1
    discover: Filter | None = None

    def calls(self) -> Sequence[str]:
        """The broker's host."""
        return (self.host,)


class MqttDevice(DeviceOptions):
    """Values of the profile's topic variables; `device` is the device's id unless given."""

    topic_vars: Mapping[str, str] = Field(default_factory=dict)
