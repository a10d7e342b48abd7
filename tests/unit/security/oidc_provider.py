"""A small OpenID Connect provider on loopback. It trusts everybody, and can be made to lie."""

from __future__ import annotations

import hashlib
import socket
from base64 import urlsafe_b64encode
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from joserfc import jwt
from joserfc.jwk import ECKey
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from gateway.app.servers import serving

SECRET = "a secret of the client"  # noqa: S105 - of nobody


def _same(claims: dict[str, Any]) -> dict[str, Any]:
    return claims


def _as_signed(token: str) -> str:
    return token


@dataclass
class Lying:
    """What the provider does otherwise than it should."""

    claims: Callable[[dict[str, Any]], dict[str, Any]] = _same
    token: Callable[[str], str] = _as_signed
    issuer: str = ""
    sign_with: ECKey | None = None
    algorithm: str = "ES256"


@dataclass
class TestProvider:
    """`person` are the claims of whoever signs in; `now` is the time of its clock."""

    __test__ = False

    url: str
    now: Callable[[], int]
    person: dict[str, Any] = field(default_factory=dict)
    lying: Lying = field(default_factory=Lying)
    key: ECKey = field(default_factory=lambda: ECKey.generate_key("P-256", {"kid": "one"}))
    asked: list[str] = field(default_factory=list)
    _codes: dict[str, dict[str, str]] = field(default_factory=dict)

    def app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/.well-known/openid-configuration", self.discovery),
                Route("/authorize", self.authorize),
                Route("/token", self.token, methods=["POST"]),
                Route("/keys", self.keys),
            ]
        )

    async def discovery(self, _request: Request) -> Response:
        self.asked.append("discovery")
        return JSONResponse(
            {
                "issuer": self.lying.issuer or self.url,
                "authorization_endpoint": f"{self.url}/authorize",
                "token_endpoint": f"{self.url}/token",
                "jwks_uri": f"{self.url}/keys",
            }
        )

    async def authorize(self, request: Request) -> Response:
        query = dict(request.query_params)
        assert query["response_type"] == "code"
        assert query["code_challenge_method"] == "S256"
        code = f"code-{len(self._codes)}"
        self._codes[code] = query
        back = urlencode({"code": code, "state": query["state"]})
        return RedirectResponse(f"{query['redirect_uri']}?{back}", 303)

    async def token(self, request: Request) -> Response:
        async with request.form() as form:
            asked = self._codes.pop(str(form["code"]), None)
            verifier = hashlib.sha256(str(form["code_verifier"]).encode()).digest()
            challenge = urlsafe_b64encode(verifier).rstrip(b"=").decode()
            right = asked is not None and (
                asked["code_challenge"] == challenge
                and asked["redirect_uri"] == form["redirect_uri"]
                and form["client_secret"] == SECRET
            )
        if asked is None or not right:
            return JSONResponse({"error": "invalid_grant"}, 400)
        claims = {
            "iss": self.url,
            "aud": asked["client_id"],
            "sub": "4711",
            "iat": self.now(),
            "exp": self.now() + 300,
            "nonce": asked["nonce"],
            **self.person,
        }
        key = self.lying.sign_with or self.key
        header = {"alg": self.lying.algorithm, "kid": key.kid}
        signed = jwt.encode(header, self.lying.claims(claims), key)
        return JSONResponse({"id_token": self.lying.token(signed), "token_type": "Bearer"})

    async def keys(self, _request: Request) -> Response:
        self.asked.append("keys")
        return JSONResponse({"keys": [self.key.as_dict(private=False)]})


@asynccontextmanager
async def provider(now: Callable[[], int]) -> AsyncIterator[TestProvider]:
    with socket.create_server(("127.0.0.1", 0)) as sock:
        made = TestProvider(f"http://127.0.0.1:{sock.getsockname()[1]}", now)
        async with serving(made.app(), [sock]):
            yield made
