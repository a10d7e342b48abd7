"""What a profile says of a table, and what devices.yaml says of a database."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Self

from pydantic import Field, SecretStr, field_validator, model_validator

from drivers.sqlpoll.dialect import DatabaseName
from gateway import LinkOptions, RowDevice, RowProfile

_SELECT = re.compile(r"\s*(select|with)\b", re.IGNORECASE)


def _one_select(query: str) -> str:
    if query and (";" in query or not _SELECT.match(query)):
        raise ValueError("a query is one SELECT, without `;`")
    return query


class SqlProfile(RowProfile):
    """Rows of a `table` or view, or of a `query`, which is one SELECT that others are made from."""

    table: str = Field(default="", max_length=400, description="`name` or `schema.name`")
    query: str = ""

    @field_validator("query")
    @classmethod
    def _reads(cls, query: str) -> str:
        return _one_select(query)

    @model_validator(mode="after")
    def _one_origin(self) -> Self:
        if bool(self.table) == bool(self.query):
            raise ValueError("name either a `table` (or view) or a `query`")
        return self


class SqlLink(LinkOptions):
    """One database. An account that may only SELECT is the hospital's own safeguard.

    `timeout` is seconds for a statement, `page` the most rows that one statement gives.
    """

    database: DatabaseName
    path: Path | None = Field(default=None, description="the file, for sqlite")
    host: str = ""
    port: int | None = Field(default=None, ge=1, le=65535)
    name: str = Field(default="", description="of the database; Oracle's service name")
    user: str = ""
    password: SecretStr | None = None
    timeout: float = Field(default=10.0, ge=1, le=300)
    page: int = Field(default=200, ge=1, le=5000)

    @model_validator(mode="after")
    def _has_a_place(self) -> Self:
        if self.database is DatabaseName.SQLITE:
            if self.path is None:
                raise ValueError("path: a sqlite link names its file")
        elif not (self.host and self.name):
            raise ValueError(f"host: a {self.database} link names its host and database (`name`)")
        return self

    def calls(self) -> Sequence[str]:
        """The database's host, if it has one."""
        return (self.host,) if self.host else ()


class SqlDevice(RowDevice):
    """`table` goes before the profile's, where the site calls its view otherwise."""

    table: str = Field(default="", max_length=400)
