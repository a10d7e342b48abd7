"""Signing in with the hospital's own provider: OpenID Connect Core 1.0, code flow with PKCE."""

from __future__ import annotations

import hashlib
import importlib.util
from base64 import urlsafe_b64encode
from collections import OrderedDict
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from hmac import compare_digest
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import orjson

from gateway.errors import ConfigError, IsogateError
from gateway.model import Clock, Instant
from gateway.security.options import OidcOptions
from gateway.security.secret import digest, new_secret

if TYPE_CHECKING:
    import httpx  # what it brings takes as long to import as a tenth of the gateway

_ALGORITHMS = ["RS256", "PS256", "ES256", "EdDSA"]
_TIMEOUT = 10.0
_LASTS = 600 * 1_000_000
_LEEWAY = 60
_DISCOVERED_LASTS = 3600 * 1_000_000
_MOST = 1000


class ProviderFault(IsogateError):  # noqa: N818 - said to the person, and audited
    """The provider can't be reached, or what it says can't be believed; why, for the audit."""


@dataclass(frozen=True, slots=True)
class Begun:
    """A sign-in that was sent to the provider. `binding` is a digest of the browser's cookie."""

    nonce: str
    verifier: str
    binding: bytes
    target: str
    returns_to: str
    at: Instant


@dataclass(frozen=True, slots=True)
class Person:
    """Whom the provider vouches for. `identity` is issuer and subject, which never change.

    `departments` are empty for all, and None where the provider was to name some and did not.
    """

    identity: str
    name: str
    display: str
    roles: frozenset[str]
    departments: frozenset[str] | None
    target: str


class Provider:
    """One provider. Every awaited call may raise ProviderFault."""

    def __init__(self, options: OidcOptions, clock: Clock, client: httpx.AsyncClient) -> None:
        """ConfigError if what it takes is not installed."""
        if importlib.util.find_spec("joserfc") is None:
            raise ConfigError(
                "accounts.oidc needs a package that is not installed: pip install 'isogate[oidc]'"
            )
        self.options = options
        self._clock, self._client = clock, client
        self._begun: OrderedDict[str, Begun] = OrderedDict()
        self._known: tuple[Instant, Mapping[str, Any]] | None = None
        self._keys: Mapping[str, Any] | None = None

    @classmethod
    @asynccontextmanager
    async def open(
        cls, options: OidcOptions | None, clock: Clock
    ) -> AsyncIterator[Provider | None]:
        """The provider that the site names, if it names one, with connections of its own."""
        if options is None:
            yield None
            return
        import httpx  # noqa: PLC0415

        async with httpx.AsyncClient() as client:
            yield cls(options, clock, client)

    async def begin(self, target: str, returns_to: str) -> tuple[str, str]:
        """The address to send a browser to, and the secret of a cookie that it must come back with.

        `target` is where it wanted to go, `returns_to` the address that the provider sends it to.
        """
        known = await self._discovered()
        state, nonce, verifier, binding = (new_secret() for _ in range(4))
        begun = Begun(nonce, verifier, digest(binding), target, returns_to, self._clock.now())
        self._begun[state] = begun
        while len(self._begun) > _MOST:
            self._begun.popitem(last=False)
        query = {
            "response_type": "code",
            "client_id": self.options.client_id,
            "redirect_uri": returns_to,
            "scope": " ".join(self.options.scopes),
            "state": state,
            "nonce": nonce,
            "code_challenge": _challenge(verifier),
            "code_challenge_method": "S256",
        }
        return f"{known['authorization_endpoint']}?{urlencode(query)}", binding

    async def finish(self, state: str, code: str, binding: str) -> Person:
        """Whom a returning browser brings. A state is good once, and in its own browser."""
        begun = self._begun.pop(state, None)
        if begun is None or begun.at + _LASTS < self._clock.now():
            raise ProviderFault("the state is unknown or too old")
        if not compare_digest(digest(binding), begun.binding):
            raise ProviderFault("another browser began this sign-in")
        claims = await self._verified(await self._exchanged(code, begun))
        if not compare_digest(str(claims.get("nonce", "")), begun.nonce):
            raise ProviderFault("the token was not made for this sign-in")
        return self._person(claims, begun.target)

    async def _exchanged(self, code: str, begun: Begun) -> str:
        """The id token for a code (RFC 6749 4.1.3, RFC 7636 4.5)."""
        known = await self._discovered()
        fields = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": begun.returns_to,
            "client_id": self.options.client_id,
            "code_verifier": begun.verifier,
        }
        secret = self.options.client_secret
        if secret is not None:
            fields["client_secret"] = secret.get_secret_value()
        answer = await self._asked("POST", str(known["token_endpoint"]), data=fields)
        token = answer.get("id_token")
        if not isinstance(token, str):
            raise ProviderFault("the provider gave no id token")
        return token

    async def _verified(self, token: str) -> Mapping[str, Any]:
        """The claims of an id token (OpenID Connect Core 3.1.3.7)."""
        from joserfc import jwt  # noqa: PLC0415 - an extra
        from joserfc.errors import JoseError  # noqa: PLC0415
        from joserfc.jwk import KeySet  # noqa: PLC0415

        registry = jwt.JWTClaimsRegistry(
            now=lambda: self._clock.now() // 1_000_000,
            leeway=_LEEWAY,
            iss={"essential": True, "value": self.options.issuer},
            aud={"essential": True, "value": self.options.client_id},
            exp={"essential": True},
            iat={"essential": True},
            sub={"essential": True},
        )
        for fresh in (False, True):
            keys = KeySet.import_key_set(await self._key_set(fresh=fresh))  # type: ignore[arg-type]
            try:
                decoded = jwt.decode(token, keys, algorithms=_ALGORITHMS)
                registry.validate(decoded.claims)
            except (JoseError, ValueError, KeyError) as error:
                if fresh:
                    raise ProviderFault(f"the id token is not valid: {error}") from error
                continue
            party = decoded.claims.get("azp", self.options.client_id)
            if party != self.options.client_id:
                raise ProviderFault("the id token was made for another program")
            return decoded.claims
        raise ProviderFault("the id token is not valid")

    def _person(self, claims: Mapping[str, Any], target: str) -> Person:
        options = self.options
        groups = _texts(claims.get(options.roles_claim))
        return Person(
            f"{options.issuer} {claims['sub']}",
            str(claims.get(options.name_claim, "")),
            str(claims.get("name", "")),
            frozenset(str(options.roles[each]) for each in groups if each in options.roles),
            _departments(options, claims),
            target,
        )

    async def _discovered(self) -> Mapping[str, Any]:
        """OpenID Connect Discovery 1.0, 4: the document, which must name the issuer itself."""
        now = self._clock.now()
        if self._known is not None and now < self._known[0] + _DISCOVERED_LASTS:
            return self._known[1]
        place = f"{self.options.issuer.rstrip('/')}/.well-known/openid-configuration"
        found = await self._asked("GET", place)
        if found.get("issuer") != self.options.issuer:
            raise ProviderFault("the provider calls itself by another name")
        for needed in ("authorization_endpoint", "token_endpoint", "jwks_uri"):
            if not isinstance(found.get(needed), str):
                raise ProviderFault(f"the provider does not say its {needed}")
        self._known = now, found
        return found

    async def _key_set(self, *, fresh: bool) -> Mapping[str, Any]:
        if self._keys is None or fresh:
            self._keys = await self._asked("GET", str((await self._discovered())["jwks_uri"]))
        return self._keys

    async def _asked(
        self, method: str, url: str, data: Mapping[str, str] | None = None
    ) -> Mapping[str, Any]:
        import httpx  # noqa: PLC0415

        try:
            answer = await self._client.request(method, url, data=data, timeout=_TIMEOUT)
            answer.raise_for_status()
            found = orjson.loads(answer.content)
        except (httpx.HTTPError, orjson.JSONDecodeError) as error:
            raise ProviderFault(f"the provider does not answer as it should: {error}") from error
        if not isinstance(found, dict):
            raise ProviderFault("the provider does not answer as it should")
        return found


def account_name(person: Person) -> str:
    """A name for an account that the provider's person does not have yet."""
    plain = "".join(each for each in person.name.lower().partition("@")[0] if each.isascii())
    kept = "".join(each if each.isalnum() or each in "._-" else "-" for each in plain)
    kept = kept.strip("._-")[:30]
    return kept if len(kept) > 1 else f"oidc-{distinct(person)}"


def distinct(person: Person) -> str:
    """What tells two persons of one name apart."""
    return hashlib.sha256(person.identity.encode()).hexdigest()[:8]


def _challenge(verifier: str) -> str:
    """RFC 7636 4.2, S256."""
    made = hashlib.sha256(verifier.encode()).digest()
    return urlsafe_b64encode(made).rstrip(b"=").decode()


def _departments(options: OidcOptions, claims: Mapping[str, Any]) -> frozenset[str] | None:
    """As `Person.departments`: a claim that says nothing must not open the whole site."""
    if not options.departments_claim:
        return frozenset()
    named = {each.strip() for each in _texts(claims.get(options.departments_claim))} - {""}
    if options.all_departments and options.all_departments in named:
        return frozenset()
    return frozenset(named) or None


def _texts(claim: object) -> list[str]:
    """A claim that is a text or a list of texts."""
    if isinstance(claim, str):
        return [claim]
    return [each for each in claim if isinstance(each, str)] if isinstance(claim, list) else []
