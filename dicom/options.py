"""The section `dicom` of devices.yaml."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Annotated, Literal, Self, TypeAlias
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    Field,
    FilePath,
    SecretStr,
    field_validator,
    model_validator,
)

from dicom.coercion.options import CoercionOptions
from dicom.coercion.options import faults as coercion_faults
from dicom.commitment.options import CommitmentOptions
from dicom.forward.options import DeidProfile, ForwardOptions
from dicom.query.options import AnswerOptions
from dicom.retention.options import RetentionOptions
from dicom.section import Name, Section, Uid
from dicom.storage.charset import known_charset
from dicom.upper.limits import Limits
from dicom.ups.options import UpsOptions
from dicom.watch.options import WatchOptions
from dicom.worklist.options import WorklistOptions
from gateway import Bytes

ServiceName: TypeAlias = Literal[
    "verification", "storage", "query", "worklist", "mpps", "ups", "commitment"
]
SERVICES: tuple[ServiceName, ...] = ("verification", "storage")
"""What a title offers that lists none: nothing that reveals a patient."""


def _title(text: str) -> str:
    """An AE title (PS3.5, VR AE): 1 to 16 printable ASCII characters, no backslash."""
    fits = 0 < len(text) <= 16 and text == text.strip()  # noqa: PLR2004 - its length in PS3.8
    if not fits or not text.isascii() or not text.isprintable() or "\\" in text:
        raise ValueError(f"'{text[:40]}' is no AE title: 1 to 16 ASCII characters, no backslash")
    return text


def _address(text: str) -> str:
    try:
        ip_network(text, strict=False)
    except ValueError:
        raise ValueError(
            f"'{text[:40]}' is no address: write 10.0.0.5 or a network such as 10.0.0.0/24"
        ) from None
    return text


def _host(text: str) -> str:
    try:
        ip_address(text)
    except ValueError:
        raise ValueError(f"'{text[:40]}' is no IP address of this machine") from None
    return text


Title = Annotated[str, AfterValidator(_title)]
Address = Annotated[str, AfterValidator(_address)]


class ListenerTls(Section):
    """TLS files (PEM). With `ca`, only callers that have a certificate of it are let in."""

    certificate: FilePath
    key: FilePath
    ca: FilePath | None = None


class PeerTls(Section):
    """TLS files (PEM) of a peer that we call.

    Without `ca` the machine's own authorities count. `server_name` is the name in the peer's
    certificate, if that isn't its host.
    """

    ca: FilePath | None = None
    certificate: FilePath | None = None
    key: FilePath | None = None
    server_name: str = ""


class ListenerOptions(Section):
    """A port that peers call."""

    host: Annotated[str, AfterValidator(_host)] = "127.0.0.1"
    port: int = Field(default=11112, ge=0, le=65535, description="0 takes any free port")
    tls: ListenerTls | None = None


class AllowOptions(Section):
    """Who may call: this AE title, from this address or network. What is left out may be any."""

    title: Title | None = None
    address: Address | None = None


class TitleOptions(Section):
    """One of our AE titles."""

    allow: Literal["anyone"] | tuple[AllowOptions, ...] = Field(
        description="`anyone`, or a list of {title, address}"
    )
    services: tuple[ServiceName, ...] = SERVICES
    associations: int = Field(default=100, ge=1, le=4096, description="at the same time")
    private_classes: Literal["none", "all"] | tuple[Uid, ...] = Field(
        default="none", description="SOP classes outside the standard that are stored"
    )
    undeclared_charset: Annotated[str, AfterValidator(known_charset)] = Field(
        default="", description="character set of objects that declare none, e.g. GB18030"
    )
    answers: AnswerOptions = Field(default=AnswerOptions(), description="to queries")
    worklist: WorklistOptions = Field(default=WorklistOptions(), description="days shown")


class PeerOptions(Section):
    """A node that we know: it is named in events, and can be called.

    `department` is whose it is: accounts that are limited to departments see studies of theirs.
    """

    title: Title
    host: str = Field(min_length=1, pattern=r"^[^/?#@\s]+$")
    port: int = Field(ge=1, le=65535)
    calling: Title | None = Field(default=None, description="our AE title there; else our first")
    department: str = Field(
        default="", max_length=80, description="whose it is: theirs are the studies that it sends"
    )
    tls: PeerTls | None = None


class WebPeerOptions(Section):
    """A DICOMweb server that we ask: the address under which its `studies` lie, and who we are."""

    url: Annotated[str, Field(pattern=r"^https?://[^\s?#]+$")]
    token: SecretStr | None = Field(default=None, description="sent as a bearer token")
    user: str = ""
    password: SecretStr | None = None
    ca: FilePath | None = None
    certificate: FilePath | None = None
    key: FilePath | None = None


class WebOptions(Section):
    """DICOMweb."""

    title: Title | None = Field(
        default=None, description="our AE title whose rules count for what is stored; our first"
    )
    peers: Mapping[Name, WebPeerOptions] = {}


class StorageOptions(Section):
    """Where there is room for objects."""

    min_free: Bytes = Field(
        default=2 * 10**9, ge=10**6, description="disk space that objects leave free"
    )
    quota: Bytes | None = Field(default=None, ge=10**6, description="the most that objects take")
    largest: Bytes = Field(default=4 * 10**9, ge=10**6, description="the largest object taken")


class InboxOptions(Section):
    """A folder whose files are stored, and removed once they are."""

    folder: Path = Field(description="whose plain files are looked at, without folders in it")
    every: float = Field(default=5.0, ge=1, le=3600, description="seconds between two looks")
    sender: Title = Field(default="INBOX", description="what events name as the sender")

    @field_validator("folder")
    @classmethod
    def _is_absolute(cls, folder: Path) -> Path:
        if not folder.is_absolute():
            raise ValueError("the folder is written from the root: /srv/dicom-in")
        return folder


class LimitOptions(Section):
    """What peers may take in all; see `dicom/README.md`."""

    associations: int = Field(default=200, ge=1, le=10_000, description="at the same time")
    per_address: int = Field(default=50, ge=1, le=10_000, description="from one address")
    silent: int = Field(
        default=256, ge=1, le=10_000, description="connections without an association"
    )
    pdu: Bytes = Field(default=131_072, ge=4096, le=1_048_576, description="longest P-DATA taken")
    artim: float = Field(default=10.0, ge=1, le=300, description="seconds")
    handshake: float = Field(default=10.0, ge=1, le=300, description="seconds for TLS")
    stalled: float = Field(default=30.0, ge=1, le=3600, description="seconds inside a message")
    idle: float = Field(default=120.0, ge=1, le=86_400, description="seconds between messages")
    answer: float = Field(default=60.0, ge=1, le=3600, description="seconds for a peer's answer")

    def limits(self) -> Limits:
        """As the upper layer takes them."""
        return Limits(
            pdu_length=self.pdu,
            artim=self.artim,
            handshake=self.handshake,
            pdu=self.stalled,
            idle=self.idle,
            answer=self.answer,
        )


class DicomOptions(Section):
    """The DICOM node."""

    listeners: tuple[ListenerOptions, ...] = (ListenerOptions(),)
    titles: Mapping[Title, TitleOptions] = Field(min_length=1)
    peers: Mapping[Name, PeerOptions] = {}
    storage: StorageOptions = StorageOptions()
    retention: RetentionOptions = RetentionOptions()
    coerce: tuple[CoercionOptions, ...] = ()
    inbox: InboxOptions | None = None
    limits: LimitOptions = LimitOptions()
    forward: ForwardOptions = ForwardOptions()
    watch: WatchOptions = WatchOptions()
    ups: UpsOptions = UpsOptions()
    web: WebOptions = WebOptions()
    commitment: CommitmentOptions = CommitmentOptions()
    deid: Mapping[Name, DeidProfile] = {}

    @field_validator("listeners")
    @classmethod
    def _each_port_once(cls, listeners: tuple[ListenerOptions, ...]) -> tuple[ListenerOptions, ...]:
        counts = Counter((each.host, each.port) for each in listeners if each.port)
        twice = [f"{host} port {port}" for (host, port), count in counts.items() if count > 1]
        if twice:
            raise ValueError(f"two listeners on {twice[0]}")
        return listeners

    @model_validator(mode="after")
    def _peers_call_us_by_a_title(self) -> Self:
        for name, peer in self.peers.items():
            if peer.calling is not None and peer.calling not in self.titles:
                raise ValueError(f"peers.{name}.calling: {peer.calling} is none of our titles")
        return self

    @model_validator(mode="after")
    def _what_is_named_is_there(self) -> Self:
        faults = [*self.forward.faults(self.peers, self.titles, self.deid, self.web.peers)]
        faults += [
            f"{place}: no peer {name!r}"
            for place, names in (("watch.skip", self.watch.skip), ("ups.told", self.ups.told))
            for name in names
            if name not in self.peers
        ]
        faults += coercion_faults(self.coerce, self.titles)
        destinations = {*self.peers, *self.forward.destinations}
        changed = {name for name, each in self.forward.destinations.items() if each.deid}
        promised = self.serves("commitment")
        faults += self.retention.faults(destinations, changed, promised=promised)
        if self.web.title is not None and self.web.title not in self.titles:
            faults.append(f"web.title: {self.web.title} is none of our titles")
        if faults:
            raise ValueError("; ".join(faults))
        return self

    def serves(self, service: ServiceName) -> bool:
        """Whether any of our titles does."""
        return any(service in title.services for title in self.titles.values())

    def ports(self) -> Sequence[tuple[str, int]]:
        """Host and port of each listener."""
        return [(each.host, each.port) for each in self.listeners if each.port]

    def places(self) -> Mapping[str, int]:
        """The port of the first listener as `dicom`, and those of the peers by their names."""
        return {"dicom": self.listeners[0].port} | {
            name: each.port for name, each in self.peers.items()
        }

    def placed(self, places: Mapping[str, int]) -> Self:
        """The node and its peers on other ports."""
        first, *others = self.listeners
        first = first.model_copy(update={"port": places.get("dicom", first.port)})
        peers = {
            name: each.model_copy(update={"port": places.get(name, each.port)})
            for name, each in self.peers.items()
        }
        return self.model_copy(update={"listeners": (first, *others), "peers": peers})

    def calls(self) -> Sequence[str]:
        """Hosts of the peers."""
        servers = (urlsplit(each.url).hostname for each in self.web.peers.values())
        return [*(each.host for each in self.peers.values()), *filter(None, servers)]
