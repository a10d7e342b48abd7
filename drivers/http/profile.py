"""What a profile says of a service, and what devices.yaml says of where it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    field_validator,
    model_validator,
)

from gateway import LinkOptions, RowDevice, RowProfile, TcpListen, TlsListener

_ASKED = frozenset({"url", "username", "password", "token", "ca"})
_CALLED = frozenset({"host", "port", "path", "header", "secret", "tls", "allow", "connections"})
AUTHORIZATION = "authorization"


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Request(_Part):
    """What is asked. `{from}`, `{page}` and `{rows}` are filled in in `query` and `body`.

    `pages`: `one` answer holds everything; by `number`, until a page brings nothing new; by
    `time`, where the service answers in ascending order from `{from}` on, until an answer goes no
    further; by `link`, where each answer says at `next` where the following one is.
    """

    method: Literal["GET", "POST"] = "GET"
    path: str = ""
    query: Mapping[str, str] = Field(default_factory=dict)
    headers: Mapping[str, str] = Field(default_factory=dict)
    body: str = ""
    pages: Literal["one", "number", "time", "link"] = "one"
    next: str = ""
    rows: int = Field(default=200, ge=1, le=5000, description="in a page")

    @model_validator(mode="after")
    def _leads_on(self) -> Self:
        if (self.pages == "link") != bool(self.next):
            raise ValueError("next: `pages: link` needs it, and nothing else has it")
        if self.pages == "link" and self.method != "GET":
            raise ValueError("pages: a link is followed with GET")
        return self

    @property
    def is_limited(self) -> bool:
        """Whether it asks for no more than `rows`."""
        return any("{rows}" in text for text in (*self.query.values(), self.body))


def _words(value: Any) -> Any:
    """One word or several; what YAML takes for a number or a truth is meant as it is written."""
    given = value if isinstance(value, list | tuple) else [value]
    return [str(each).lower() if isinstance(each, bool) else str(each) for each in given]


class Success(_Part):
    """What a document says at `at` unless it tells of an error."""

    model_config = ConfigDict(populate_by_name=True)

    at: str = Field(min_length=1)
    one_of: Annotated[tuple[str, ...], BeforeValidator(_words)] = Field(alias="is", min_length=1)


class Document(_Part):
    """Where the rows stand, and within a row each column: by its own name unless in `paths`.

    `inside` is where an XML envelope holds the document as text. `may_be_absent`: the service
    leaves the place of the rows out where there are none; else that is no answer to be read.
    `success` tells apart what is one from an error that comes with status 200.
    """

    format: Literal["json", "xml"] = "json"
    rows: str = ""
    paths: Mapping[str, str] = Field(default_factory=dict)
    namespaces: Mapping[str, str] = Field(default_factory=dict)
    inside: str = ""
    may_be_absent: bool = False
    success: Success | None = None


class Accepted(_Part):
    """What a caller is answered once its document is on disk."""

    status: Literal[200, 201, 202, 204] = 204
    content_type: str = ""
    body: str = ""

    @model_validator(mode="after")
    def _says_what_it_is(self) -> Self:
        if self.body and (self.status == 204 or not self.content_type):  # noqa: PLR2004
            raise ValueError("a body needs a `content_type`, and a `status` other than 204")
        return self


class HttpProfile(RowProfile):
    """A service that answers with rows, or posts them.

    `request` is what it is asked; without it the profile is for services that call us.
    `document` is what it answers or posts.
    """

    request: Request | None = None
    document: Document
    accepted: Accepted = Accepted()

    @model_validator(mode="after")
    def _knows_what_is_whole(self) -> Self:
        """Nothing is taken back because of an answer that may be an error."""
        if self.withdraws and self.document.may_be_absent and self.document.success is None:
            raise ValueError("appointment.vanished: with `may_be_absent` it needs a `success`")
        return self

    def paths(self) -> Mapping[str, str]:
        """The place of every column within a row."""
        return {name: self.document.paths.get(name, name) for name in self.wanted()}


class HttpDevice(RowDevice):
    """`path` is where this device posts, where several call one link; the link's by default."""

    path: str = Field(default="", pattern=r"^(/[!-~]*)?$")


class HttpLink(LinkOptions):
    """One service: `mode: poll` asks it, `mode: listen` lets it call us.

    `limit` is the most bytes of one document, `timeout` seconds for the whole of it. A caller
    names `secret` in the header `header`; in `authorization` as `Bearer` and the secret.
    """

    mode: Literal["poll", "listen"] = "poll"
    timeout: float = Field(default=10.0, ge=1, le=300)
    limit: int = Field(default=4_194_304, ge=1024, le=67_108_864)

    url: str = ""
    username: str = ""
    password: SecretStr | None = None
    token: SecretStr | None = None
    ca: Path | None = Field(default=None, description="file of the authority that signed its key")

    host: str = "127.0.0.1"
    port: int = Field(default=0, ge=0, le=65535, description="0 takes any free port")
    path: str = Field(default="/", pattern=r"^/[!-~]*$")
    header: str = Field(default=AUTHORIZATION, pattern=r"^[A-Za-z0-9-]+$")
    secret: SecretStr | None = None
    tls: TlsListener | None = None
    allow: tuple[str, ...] = ()
    connections: int = Field(default=64, ge=1, le=4096, description="at the same time")

    @field_validator("url")
    @classmethod
    def _is_http(cls, url: str) -> str:
        if not url.startswith(("http://", "https://")) or "@" in url:
            raise ValueError("write http://host/… or https://host/…, without user or password")
        return url.rstrip("/")

    @model_validator(mode="after")
    def _keys_of_its_mode(self) -> Self:
        others = _CALLED if self.mode == "poll" else _ASKED
        if misplaced := sorted(others & self.model_fields_set):
            raise ValueError(f"{misplaced[0]}: not with `mode: {self.mode}`")
        needed = "url" if self.mode == "poll" else "port"
        if needed not in self.model_fields_set:
            raise ValueError(f"`{needed}` is missing: `mode: {self.mode}` needs it")
        return self

    @model_validator(mode="after")
    def _one_account(self) -> Self:
        if self.token is not None and self.username:
            raise ValueError("token: give either `token` or `username` and `password`")
        return self

    @model_validator(mode="after")
    def _knows_its_callers(self) -> Self:
        """Whoever can post is believed: beyond this machine a caller proves who it is."""
        proven = self.secret is not None or (self.tls is not None and self.tls.ca is not None)
        if self.mode == "listen" and not proven and not _is_loopback(self.host):
            raise ValueError(
                f"`secret` is missing: others reach {self.host}; give one, or `tls` with `ca`"
            )
        return self

    def ports(self) -> Sequence[tuple[str, int]]:
        """The address that this link listens on, if it does."""
        return [(self.host, self.port)] if self.mode == "listen" else []

    def calls(self) -> Sequence[str]:
        """The host that this link asks, if it does."""
        host = urlsplit(self.url).hostname
        return [host] if host else []

    def listener(self) -> TcpListen:
        return TcpListen(
            host=self.host,
            port=self.port,
            allow=self.allow,
            connections=self.connections,
            tls=self.tls,
        )


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
