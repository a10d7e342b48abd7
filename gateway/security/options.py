"""The section `accounts` of devices.yaml."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Self
from urllib.parse import urlsplit

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    WithJsonSchema,
    field_validator,
    model_validator,
)

from gateway.model import Localized
from gateway.security.roles import OPERATORS, Role

_UNITS = {"s": 1, "min": 60, "h": 3600, "d": 86400}


def _seconds(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    number, _, unit = value.strip().partition(" ")
    if not number.isdecimal() or unit not in _UNITS:
        raise ValueError(f"'{value[:40]}' is not understood: write for example `30 min`")
    return int(number) * _UNITS[unit]


Duration = Annotated[
    int,
    BeforeValidator(_seconds),
    WithJsonSchema({"type": ["integer", "string"], "examples": ["30 min", "12 h"]}),
]


class _Options(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Limits(_Options):
    """How often one may ask; a burst is allowed at once, then so many a second."""

    per_second: float = Field(default=100, gt=0, description="of one account or token")
    burst: int = Field(default=500, ge=1)
    anonymous_per_second: float = Field(
        default=20, gt=0, description="of one address that is not signed in"
    )
    anonymous_burst: int = Field(default=200, ge=1)


class OidcOptions(_Options):
    """The hospital's own sign-in, by OpenID Connect; it needs `pip install 'isogate[oidc]'`.

    Who has none of the `roles` is not let in, nor who has no department where the claim of these is
    named. Administrators and auditors sign in here.
    """

    issuer: str = Field(description="as the provider writes it, e.g. https://login.example/staff")
    client_id: str = Field(min_length=1)
    client_secret: SecretStr | None = None
    name: Localized = Field(
        default={"en": "Hospital sign-in", "zh-CN": "医院统一认证"}, description="of its button"
    )
    scopes: tuple[str, ...] = ("openid", "profile")
    name_claim: str = "preferred_username"
    roles_claim: str = "groups"
    roles: Mapping[str, Role] = Field(min_length=1, description="from a value of the claim")
    departments_claim: str = Field(
        default="", description="who has nothing in it is not let in; without it all see everything"
    )
    all_departments: str = Field(
        default="", description="the value of `departments_claim` that means all of them"
    )

    @model_validator(mode="after")
    def _all_of_a_claim(self) -> Self:
        if self.all_departments and not self.departments_claim:
            raise ValueError("`all_departments` is a value of `departments_claim`: name that too")
        return self

    @field_validator("issuer")
    @classmethod
    def _protected(cls, issuer: str) -> str:
        parts = urlsplit(issuer)
        here = parts.hostname in {"localhost", "127.0.0.1", "::1"}
        if not parts.hostname or not (parts.scheme == "https" or (parts.scheme == "http" and here)):
            raise ValueError(f"'{issuer[:80]}' is no https address")
        return issuer

    @field_validator("roles")
    @classmethod
    def _operators(cls, roles: Mapping[str, Role]) -> Mapping[str, Role]:
        if set(roles.values()) - OPERATORS:
            raise ValueError("administrators and auditors sign in here, not at the provider")
        return roles


class AccountsOptions(_Options):
    """Who may sign in, and for how long."""

    idle: Duration = Field(
        default=1800, ge=60, le=86400, description="signed out after this long without a request"
    )
    longest: Duration = Field(
        default=43200, ge=300, le=604800, description="signed out after this long in any case"
    )
    set_up_from_network: bool = Field(
        default=False,
        description="let another machine open the set-up link while no administrator exists",
    )
    limits: Limits = Limits()
    oidc: OidcOptions | None = None

    def calls(self) -> Sequence[str]:
        """The provider's host, for the check of zones."""
        host = urlsplit(self.oidc.issuer).hostname if self.oidc is not None else None
        return [host] if host else []
