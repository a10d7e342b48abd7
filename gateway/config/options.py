"""The parts of devices.yaml that the gateway itself defines."""

from __future__ import annotations

from ipaddress import ip_address
from typing import Literal
from zoneinfo import ZoneInfo, available_timezones

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    FilePath,
    field_validator,
    model_validator,
)

from gateway.config.suggest import did_you_mean
from gateway.driver import Bytes, Months
from gateway.model import Localized
from gateway.seal import DEFAULT as DEFAULT_SUITE
from gateway.seal import SUITES

ID_PATTERN = r"^[a-z0-9][a-z0-9._-]{0,62}$"


class Options(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class SiteOptions(Options):
    """Who and where this site is."""

    id: str = Field(
        pattern=ID_PATTERN, description="part of every event's identity: never change it"
    )
    name: Localized
    time_zone: str = Field(description="IANA name, e.g. Asia/Shanghai")
    locale: Literal["zh-CN", "en"] = "zh-CN"
    simulated: bool = Field(default=False, description="every value is marked as simulated")

    @field_validator("time_zone")
    @classmethod
    def _known_zone(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (KeyError, ValueError, OSError):
            hint = did_you_mean(name, available_timezones())
            raise ValueError(f"'{name[:60]}' is not an IANA time zone ({hint})") from None
        return name


class HttpTls(Options):
    """The certificate (PEM, with what leads to its authority) and key of the pages and the API.

    They are read again when the files change and at `isogate reload`.
    """

    certificate: FilePath
    key: FilePath


class Http(Options):
    """Where the pages and the API listen. Whoever can reach that has to sign in."""

    host: str = Field(default="127.0.0.1", description="an address of this machine; 0.0.0.0 is all")
    port: int = Field(default=8080, ge=0, le=65535, description="0 takes any free port")
    names: tuple[str, ...] = Field(
        default=(), description="DNS names that people use; a request by another is refused"
    )
    tls: HttpTls | None = None
    allow_plain_http: bool = Field(
        default=False, description="serve others without TLS; passwords can be read on the way"
    )
    reason: str = Field(default="", description="why it is allowed; said in the log and on pages")
    trusted_proxies: tuple[str, ...] = Field(
        default=(),
        description="addresses of proxies whose X-Forwarded-For and -Proto are believed",
    )

    @field_validator("host")
    @classmethod
    def _address(cls, host: str) -> str:
        if host != "localhost":
            try:
                ip_address(host)
            except ValueError:
                raise ValueError(f"'{host[:60]}' is no IP address of this machine") from None
        return host

    @property
    def reaches_others(self) -> bool:
        """Whether another machine can connect."""
        return self.host != "localhost" and not ip_address(self.host).is_loopback

    @model_validator(mode="after")
    def _protected(self) -> Http:
        if self.allow_plain_http and not self.reason.strip():
            raise ValueError("allow_plain_http: say why in `reason`; the pages will show it")
        if self.reaches_others and self.tls is None and not self.allow_plain_http:
            raise ValueError(
                f"host: {self.host} would be reachable in plain text: give `tls` a certificate and"
                " key, or say `allow_plain_http: true` with a `reason`"
            )
        return self


class Listeners(Options):
    """The ports that the gateway opens."""

    http: Http = Http()


class RetentionOptions(Options):
    """Months that each class of facts is kept. Records are kept for ever."""

    telemetry: Months = Field(default=24, description="a number of months, or `forever` (null)")
    deliveries: Months = Field(
        default=24, description="of what was delivered, so that it is not delivered again"
    )


class StoreOptions(Options):
    """The event store."""

    heartbeat: float = Field(
        default=60.0,
        gt=0,
        le=3600,
        description="an unchanged value is stored every so many seconds",
    )
    min_free: Bytes = Field(
        default=10**9,
        ge=10**6,
        description="free space below which /readyz warns; below 64 MiB nothing is acknowledged",
    )
    retention: RetentionOptions = RetentionOptions()


class Protection(Options):
    """How what identifies a patient is sealed."""

    keys: str | None = Field(
        default=None,
        pattern=r"^(env|file):.+$",
        description="where the keyring lies, e.g. file:/etc/isogate/ring.json; else DATA/keys",
    )
    suite: str = Field(
        default=DEFAULT_SUITE,
        description="algorithms of the next key that is made: aes-256-gcm or sm4-gcm",
        json_schema_extra={"enum": list(SUITES)},
    )

    @field_validator("suite")
    @classmethod
    def _known_suite(cls, name: str) -> str:
        if name not in SUITES:
            raise ValueError(
                f"'{name[:40]}' is no suite of algorithms ({did_you_mean(name, SUITES)})"
            )
        return name


class ProfileNaming(BaseModel):
    """What must be known of a profile before its driver can read it."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    profile: str
    driver: str


class DeviceCommon(Options):
    """The keys of a device that every driver shares."""

    profile: str
    link: str
    name: Localized = ""
    location: Localized = ""
    department: str = Field(
        default="",
        pattern=f"{ID_PATTERN}|^$",
        description="whose device it is: accounts limited to departments see only theirs",
    )
    interval: float | None = Field(
        default=None, gt=0, le=86400, description="seconds between polls; the profile's if absent"
    )
    simulated: bool = False
