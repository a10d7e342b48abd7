"""What a profile says of a service, and what devices.yaml says of where it is."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator

from gateway import LinkOptions, RowProfile


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Request(_Part):
    """What is asked. `{from}`, `{page}` and `{rows}` are filled in in `query` and `body`.

    `pages`: `one` answer holds everything; by `number`, until a page is not full; by `time`, where
    the service answers in ascending order from `{from}` on, until an answer goes no further.
    """

    method: Literal["GET", "POST"] = "GET"
    path: str = ""
    query: Mapping[str, str] = Field(default_factory=dict)
    headers: Mapping[str, str] = Field(default_factory=dict)
    body: str = ""
    pages: Literal["one", "number", "time"] = "one"
    rows: int = Field(default=200, ge=1, le=5000, description="in a page")


class Response(_Part):
    """Where the rows stand, and within a row each column: by its own name unless in `paths`.

    `inside` is where an XML envelope holds the document as text.
    """

    format: Literal["json", "xml"] = "json"
    rows: str = ""
    paths: Mapping[str, str] = Field(default_factory=dict)
    namespaces: Mapping[str, str] = Field(default_factory=dict)
    inside: str = ""


class HttpProfile(RowProfile):
    """A service that answers with rows."""

    request: Request
    response: Response

    def paths(self) -> Mapping[str, str]:
        """The place of every column within a row."""
        return {name: self.response.paths.get(name, name) for name in self.wanted()}


class HttpLink(LinkOptions):
    """One service. `limit` is the most bytes of one answer, `timeout` seconds for it."""

    url: str
    username: str = ""
    password: SecretStr | None = None
    token: SecretStr | None = None
    ca: Path | None = Field(default=None, description="file of the authority that signed its key")
    timeout: float = Field(default=10.0, ge=1, le=300)
    limit: int = Field(default=4_194_304, ge=1024, le=67_108_864)

    @field_validator("url")
    @classmethod
    def _is_http(cls, url: str) -> str:
        if not url.startswith(("http://", "https://")) or "@" in url:
            raise ValueError("write http://host/… or https://host/…, without user or password")
        return url.rstrip("/")

    @model_validator(mode="after")
    def _one_account(self) -> Self:
        if self.token is not None and self.username:
            raise ValueError("token: give either `token` or `username` and `password`")
        return self
