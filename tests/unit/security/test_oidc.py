from __future__ import annotations

import importlib.util
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from joserfc.jwk import ECKey
from pydantic import ValidationError

from gateway.errors import ConfigError
from gateway.room import Outcome
from gateway.security.oidc import Provider
from gateway.security.options import AccountsOptions, OidcOptions
from gateway.security.roles import Role
from gateway.testing import ManualClock
from gateway.web.caller import OVER_SOCKET
from tests.accounts import PASSWORD, House, house
from tests.unit.security.oidc_provider import SECRET, Lying, TestProvider, provider

WANG = {
    "preferred_username": "Wang@hospital.example",
    "name": "Wang Fang",
    "groups": ["physics"],
    "dept": ["rt"],
}


def options(issuer: str, /, **more: object) -> OidcOptions:
    facts = {
        "issuer": issuer,
        "client_id": "isogate",
        "client_secret": SECRET,
        "roles": {"physics": "physicist", "lab": "laboratory"},
        "departments_claim": "dept",
        **more,
    }
    return OidcOptions.model_validate(facts)


@asynccontextmanager
async def hospital(folder: Path, **more: object) -> AsyncIterator[tuple[House, TestProvider]]:
    clock = ManualClock()
    async with provider(lambda: clock.now() // 1_000_000) as theirs:
        accounts = AccountsOptions(oidc=options(theirs.url, **more))
        async with house(folder, options=accounts, clock=clock) as home:
            theirs.person = dict(WANG)
            yield home, theirs


@pytest.fixture
async def both(tmp_path: Path) -> AsyncIterator[tuple[House, TestProvider]]:
    async with hospital(tmp_path) as opened:
        yield opened


async def to_provider(browser: httpx.AsyncClient, target: str = "/events") -> str:
    """The address at which the provider sends a browser back, after it let the person in."""
    begun = await browser.get("/sign-in/elsewhere", params={"next": target})
    assert begun.status_code == 303
    async with httpx.AsyncClient() as outside:
        back = await outside.get(begun.headers["location"])
    assert back.status_code == 303
    return back.headers["location"]


async def sign_in(browser: httpx.AsyncClient) -> httpx.Response:
    return await browser.get(await to_provider(browser))


def refusal(home: House) -> str:
    entry = home.audit.entries[-1]
    assert (entry.action, entry.outcome, entry.who.id) == (
        "session.open",
        Outcome.REFUSED,
        "nobody",
    )
    return entry.detail


async def test_a_person_of_the_hospital_signs_in(both: tuple[House, TestProvider]) -> None:
    home, _ = both
    browser = home.anonymous()
    assert "/sign-in/elsewhere" in (await browser.get("/sign-in")).text
    back = await sign_in(browser)
    assert back.status_code == 200
    assert 'content="0;url=/events"' in back.text
    account = home.security.books.accounts.get("wang")
    assert account is not None
    assert (account.display, account.password) == ("Wang Fang", "")
    assert account.roles == {Role.PHYSICIST}
    assert account.departments == {"rt"}
    assert (await browser.get("/account")).status_code == 200
    actions = [each.action for each in home.audit.entries]
    assert actions[:2] == ["account.create", "session.open"]


async def test_rights_follow_the_provider_at_each_sign_in(
    both: tuple[House, TestProvider],
) -> None:
    home, theirs = both
    await sign_in(home.anonymous())
    theirs.person["groups"] = "lab"
    await sign_in(home.anonymous())
    (account,) = home.security.books.accounts.all()
    assert account.roles == {Role.LABORATORY}
    theirs.person["groups"] = ["strangers"]
    refused = await sign_in(home.anonymous())
    assert refused.status_code == 403
    assert "none of the roles" in refusal(home)


@pytest.mark.parametrize("claim", [None, [], "", [" "], {"id": "rt"}, 7, [7]])
async def test_a_claim_without_a_department_lets_nobody_in(
    both: tuple[House, TestProvider], claim: object
) -> None:
    home, theirs = both
    theirs.person["dept"] = claim
    if claim is None:
        del theirs.person["dept"]
    assert (await sign_in(home.anonymous())).status_code == 403
    assert "has no department" in refusal(home)
    assert home.security.books.accounts.all() == []


async def test_a_department_that_is_taken_away_leaves_no_more_than_before(
    both: tuple[House, TestProvider],
) -> None:
    home, theirs = both
    await sign_in(home.anonymous())
    theirs.person["dept"] = []
    assert (await sign_in(home.anonymous())).status_code == 403
    account = home.security.books.accounts.get("wang")
    assert account is not None
    assert account.departments == {"rt"}


@pytest.mark.parametrize(
    ("more", "claim", "departments"),
    [
        ({"all_departments": "*"}, ["rt", "*"], set()),
        ({"all_departments": "*"}, "*", set()),
        ({"all_departments": "*"}, [" rt ", "lab"], {"rt", "lab"}),
        ({}, "*", {"*"}),
        ({"departments_claim": ""}, None, set()),
    ],
)
async def test_all_departments_are_for_whom_the_site_says_so(
    tmp_path: Path, more: dict[str, object], claim: object, departments: set[str]
) -> None:
    async with hospital(tmp_path, **more) as (home, theirs):
        theirs.person["dept"] = claim
        await sign_in(home.anonymous())
        account = home.security.books.accounts.get("wang")
        assert account is not None
        assert account.departments == departments


def test_all_departments_without_their_claim_is_no_configuration() -> None:
    with pytest.raises(ValidationError, match="name that too"):
        options("https://login.example", departments_claim="", all_departments="*")


async def test_a_name_that_somebody_has_leads_to_another_account(
    both: tuple[House, TestProvider],
) -> None:
    home, _ = both
    local = await home.person(Role.THERAPIST, name="wang")
    await sign_in(home.anonymous())
    names = [each.name for each in home.security.books.accounts.all()]
    assert len(names) == 2
    assert home.security.books.accounts.get("wang") == local
    await sign_in(home.anonymous())
    assert len(home.security.books.accounts.all()) == 2


async def test_a_locked_account_stays_out(both: tuple[House, TestProvider]) -> None:
    home, _ = both
    await sign_in(home.anonymous())
    await home.security.staff.lock(OVER_SOCKET, "wang", "left")
    assert (await sign_in(home.anonymous())).status_code == 403
    assert "locked" in refusal(home)


async def test_nobody_signs_in_with_a_password_of_such_an_account(
    both: tuple[House, TestProvider],
) -> None:
    home, _ = both
    await sign_in(home.anonymous())
    for password in ("", PASSWORD):
        fields = {"name": "wang", "password": password}
        assert (await home.anonymous().post("/sign-in", data=fields)).status_code == 401


def _with(**changed: object) -> Callable[[dict[str, Any]], dict[str, Any]]:
    return lambda claims: {**claims, **changed}


def _altered(token: str) -> str:
    head, body, signature = token.split(".")
    return f"{head}.{body[:-2]}AA.{signature}"


@pytest.mark.parametrize(
    ("lying", "told"),
    [
        (Lying(claims=_with(nonce="another")), "not made for this sign-in"),
        (Lying(claims=_with(iss="https://evil.example")), "not valid"),
        (Lying(claims=_with(aud="another-program")), "not valid"),
        (Lying(claims=_with(azp="another-program")), "another program"),
        (Lying(claims=_with(exp=1)), "not valid"),
        (Lying(claims=lambda claims: {k: v for k, v in claims.items() if k != "exp"}), "not valid"),
        (Lying(token=_altered), "not valid"),
        (Lying(token=lambda _: "nonsense"), "not valid"),
        (Lying(token=lambda t: f"eyJhbGciOiJub25lIn0.{t.split('.')[1]}."), "not valid"),
        (Lying(sign_with=ECKey.generate_key("P-256", {"kid": "one"})), "not valid"),
        (Lying(issuer="https://evil.example"), "another name"),
    ],
)
async def test_a_provider_that_lies_lets_nobody_in(
    both: tuple[House, TestProvider], lying: Lying, told: str
) -> None:
    home, theirs = both
    theirs.lying = lying
    browser = home.anonymous()
    if lying.issuer:
        assert (await browser.get("/sign-in/elsewhere")).status_code == 502
    else:
        refused = await sign_in(browser)
        assert refused.status_code == 502
        assert "set-cookie" not in refused.headers
    assert told in refusal(home)
    assert home.security.books.accounts.all() == []


async def test_a_return_works_once_and_only_in_the_browser_that_began(
    both: tuple[House, TestProvider],
) -> None:
    home, _ = both
    browser, other = home.anonymous(), home.anonymous()
    back = await to_provider(browser)
    await to_provider(other)
    assert (await other.get(back)).status_code == 502
    assert "another browser" in refusal(home)
    back = await to_provider(browser)
    assert (await browser.get(back)).status_code == 200
    assert (await home.anonymous().get(back)).status_code == 502
    assert "unknown or too old" in refusal(home)
    back = await to_provider(browser)
    home.clock.advance(601)
    assert (await browser.get(back)).status_code == 502


async def test_a_code_is_of_no_use_to_who_did_not_begin(both: tuple[House, TestProvider]) -> None:
    home, _ = both
    browser, thief = home.anonymous(), home.anonymous()
    stolen = parse_qs(urlsplit(await to_provider(browser)).query)["code"][0]
    own = parse_qs(urlsplit(await to_provider(thief)).query)["state"][0]
    refused = await thief.get("/sign-in/returned", params={"code": stolen, "state": own})
    assert refused.status_code == 502
    assert "400" in refusal(home)


async def test_new_keys_of_the_provider_are_fetched(both: tuple[House, TestProvider]) -> None:
    home, theirs = both
    await sign_in(home.anonymous())
    theirs.key = ECKey.generate_key("P-256", {"kid": "two"})
    assert (await sign_in(home.anonymous())).status_code == 200
    assert theirs.asked == ["discovery", "keys", "keys"]


async def test_a_provider_that_is_away_is_said(tmp_path: Path) -> None:
    accounts = AccountsOptions(oidc=options("http://127.0.0.1:9"))
    async with house(tmp_path, options=accounts) as home:
        refused = await home.anonymous().get("/sign-in/elsewhere")
        assert refused.status_code == 502
        await home.person(Role.THERAPIST, name="wang")
        fields = {"name": "wang", "password": PASSWORD}
        assert (await home.anonymous().post("/sign-in", data=fields)).status_code == 303


def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: None)
    with pytest.raises(ConfigError, match=r"pip install 'isogate\[oidc\]'"):
        Provider(options("https://login.example"), ManualClock(), httpx.AsyncClient())


@pytest.mark.parametrize(
    "wrong",
    [
        {"issuer": "http://login.example"},
        {"issuer": "login"},
        {"roles": {"boss": "administrator"}},
        {"roles": {"check": "auditor"}},
        {"roles": {}},
        {"roles": {"x": "king"}},
    ],
)
def test_what_would_be_unsafe_is_refused_in_the_file(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        options("https://login.example", **wrong)


def test_the_providers_host_is_known_to_the_check_of_zones() -> None:
    accounts = AccountsOptions(oidc=options("https://login.example/realms/staff"))
    assert accounts.calls() == ["login.example"]
    assert AccountsOptions().calls() == []
