"""Shapes of what is asked and answered in JSON: what is read and written is what is documented."""

from __future__ import annotations

from typing import Annotated, TypeAlias

from pydantic import BaseModel, ConfigDict, Field

PROBLEM = "application/problem+json"

Moment: TypeAlias = Annotated[str, Field(json_schema_extra={"format": "date-time"})]
"""An instant as text (RFC 3339), as `rfc3339` writes it."""


class Document(BaseModel):
    """The shape of an answer, with no other members."""

    model_config = ConfigDict(extra="forbid")


class Body(BaseModel):
    """The shape of what a request brings; another member is refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class ProblemDetails(Document):
    """RFC 9457: `title` what happened, `detail` why, `advice` what to do now."""

    type: str
    title: str
    status: int
    detail: str
    advice: str
    instance: str
