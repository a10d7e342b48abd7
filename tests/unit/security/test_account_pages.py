from __future__ import annotations

import re
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.security.pages.address import safe_next
from gateway.security.roles import Role
from gateway.security.totp import code_at
from tests.accounts import PASSWORD, House, house

LOCAL = "?lang=en"


@pytest.fixture
async def home(tmp_path: Path) -> AsyncIterator[House]:
    async with house(tmp_path) as opened:
        yield opened


async def post(
    browser: httpx.AsyncClient, path: str, fields: Mapping[str, str] | None = None
) -> httpx.Response:
    """As a person's browser: with the token that the page put into its forms."""
    page = (await browser.get("/account")).text
    found = re.search(r'name="csrf" value="([^"]+)"', page)
    token = {"csrf": found[1]} if found else {}
    return await browser.post(path + LOCAL, data={**token, **(fields or {})})


async def test_the_first_administrator_sets_up_and_enrols_a_second_factor(home: House) -> None:
    code = await home.security.first_link()
    browser = home.anonymous()
    page = (await browser.get("/set-up")).text
    assert 'name="name"' in page
    assert code not in page
    typed = code.lower().replace("-", " ")
    done = await browser.post(
        "/set-up", data={"code": typed, "name": "boss", "new": PASSWORD, "again": PASSWORD}
    )
    assert (done.status_code, done.headers["location"]) == (303, "/account/second-factor")
    page = (await browser.get("/account/second-factor?lang=en")).text
    assert "<svg" in page
    secret = re.search(r'<p class="code">([A-Z2-7 ]+)</p>', page)
    assert secret is not None
    code_now = code_at(secret[1].replace(" ", ""), home.clock.now())
    wrong = await post(browser, "/account/second-factor", {"code": "000000", "password": PASSWORD})
    assert "not the code of this moment" in wrong.text
    done = await post(browser, "/account/second-factor", {"code": code_now, "password": PASSWORD})
    assert len(re.findall(r"<li>[0-9A-Z-]{14}</li>", done.text)) == 10
    assert (await browser.get("/settings/accounts")).status_code == 200
    assert await home.security.first_link() == ""


async def test_a_set_up_link_works_once_and_expires(home: House) -> None:
    code = await home.security.first_link()
    fields = {"code": code, "name": "boss", "new": PASSWORD, "again": PASSWORD}
    home.clock.advance(72 * 3600)
    late = await home.anonymous().post("/set-up?lang=en", data=fields)
    assert "not, or no longer, valid" in late.text
    code = await home.security.first_link()
    newer = await home.security.first_link()
    old = await home.anonymous().post("/set-up", data={**fields, "code": code})
    assert old.status_code == 422
    done = await home.anonymous().post("/set-up", data={**fields, "code": newer})
    assert done.status_code == 303
    again = await home.anonymous().post("/set-up", data={**fields, "code": newer, "name": "other"})
    assert again.status_code == 422
    assert [each.name for each in home.security.books.accounts.all()] == ["boss"]


async def test_codes_are_not_to_be_guessed(home: House) -> None:
    browser = home.anonymous()
    fields = {"name": "boss", "new": PASSWORD, "again": PASSWORD}
    for n in range(11):
        await browser.post("/set-up", data={**fields, "code": f"AAAA-{n:04}"})
    code = await home.security.first_link()
    refused = await browser.post("/set-up?lang=en", data={**fields, "code": code})
    assert "too many attempts" in refused.text


@pytest.mark.parametrize(
    ("field", "value", "told"),
    [
        ("new", "short", "at least 10 characters"),
        ("again", "another password", "not the same"),
        ("name", "Boss!", "lower-case letters"),
    ],
)
async def test_what_is_wrong_is_told_beside_its_field(
    home: House, field: str, value: str, told: str
) -> None:
    code = await home.security.first_link()
    fields = {"code": code, "name": "boss", "new": PASSWORD, "again": PASSWORD, field: value}
    page = await home.anonymous().post("/set-up?lang=en", data=fields)
    assert page.status_code == 422
    found = re.search(rf'id="{field}-fault"[^>]*>(?:<svg.*?</svg>)?([^<]*)', page.text)
    assert found is not None
    assert told in found[1]
    assert PASSWORD not in page.text


async def test_signing_in_leads_to_where_one_wanted(home: House) -> None:
    await home.person(Role.THERAPIST, name="wang")
    browser = home.anonymous()
    page = (await browser.get("/sign-in?next=/events%3Fbefore%3D7")).text
    assert 'value="/events?before=7"' in page
    fields = {"name": "wang", "password": PASSWORD, "next": "/events?before=7"}
    done = await browser.post("/sign-in", data=fields)
    assert done.headers["location"] == "/events?before=7"
    assert (await browser.get("/sign-in?next=/messages")).headers["location"] == "/messages"
    fields["next"] = "https://evil.example/"
    assert (await browser.post("/sign-in", data=fields)).headers["location"] == "/"


async def test_a_refused_sign_in_keeps_the_name_and_not_the_password(home: House) -> None:
    await home.person(Role.THERAPIST, name="wang")
    fields = {"name": "wang", "password": "wrong password", "code": "123456"}
    refused = await home.anonymous().post("/sign-in?lang=en", data=fields)
    assert refused.status_code == 401
    assert 'value="wang"' in refused.text
    assert "wrong password" not in refused.text
    assert "Name, password or one-time code is wrong." in refused.text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "events",
        "//evil.example",
        "/\\evil.example",
        "https://evil.example/",
        "javascript:alert(1)",
        "/\tevil",
        "/sign-out",
        "/sign-in?next=/",
        "/" + "x" * 3000,
    ],
)
def test_no_address_of_somebody_else_is_gone_to(text: str) -> None:
    assert safe_next(text) == "/"


@given(st.text(alphabet="/\\:.@?#%ehtp\t\n \x00é", max_size=30))
def test_whatever_was_asked_a_page_of_ours_is_gone_to(text: str) -> None:
    target = safe_next(text)
    joined = httpx.URL("http://gateway.test/sign-in").join(target)
    assert (joined.scheme, joined.host) == ("http", "gateway.test")


async def test_an_administrator_makes_changes_and_closes_accounts(home: House) -> None:
    browser = await home.client(Role.ADMINISTRATOR)
    made = await post(
        browser,
        "/settings/accounts",
        {"name": "li.wei", "display": "Li Wei", "role-physicist": "yes", "departments": "rt, lab"},
    )
    code = re.search(r"set-up#([0-9A-Z-]+)", made.text)
    assert code is not None
    accounts = home.security.books.accounts
    found = accounts.get("li.wei")
    assert found is not None
    assert (found.display, list(found.roles)) == ("Li Wei", [Role.PHYSICIST])
    assert found.departments == {"rt", "lab"}
    person = home.anonymous()
    fields = {"code": code[1], "new": PASSWORD, "again": PASSWORD}
    assert (await person.post("/set-up", data=fields)).status_code == 303
    changed = await post(browser, "/settings/accounts/li.wei", {"role-engineer": "yes"})
    assert changed.status_code == 303
    page = (await browser.get("/settings/accounts/li.wei?lang=en")).text
    assert "The account is changed." in page
    assert (await post(browser, "/settings/accounts/li.wei/lock", {"why": ""})).status_code == 422
    await post(browser, "/settings/accounts/li.wei/lock", {"why": "on leave"})
    assert "on leave" in (await browser.get("/settings/accounts/li.wei")).text
    await post(browser, "/settings/accounts/li.wei/unlock")
    await post(browser, "/settings/accounts/li.wei/sign-out")
    assert (await post(browser, "/settings/accounts/li.wei/link")).status_code == 200
    assert (await post(browser, "/settings/accounts/li.wei/nothing")).status_code == 404
    assert (await browser.get("/settings/accounts/nobody")).status_code == 404
    actions = [
        each.action for each in home.audit.entries if each.objects.get("account") == "li.wei"
    ]
    assert actions == [
        "account.create",
        "account.set-up",
        "account.change",
        "account.lock",
        "account.unlock",
        "account.sign-out",
        "account.invite",
    ]


@pytest.mark.parametrize(
    "fields",
    [
        {"name": "li", "role-auditor": "y", "role-administrator": "y"},
        {"name": "li", "role-auditor": "y", "role-physicist": "y"},
        {"name": "li", "role-administrator": "y", "role-physicist": "y"},
        {"name": "li"},
        {"name": "Li Wei", "role-physicist": "y"},
        {"name": "p00", "role-physicist": "y"},
        {"name": "li", "role-physicist": "y", "display": "x" * 121},
    ],
)
async def test_an_account_that_should_not_be_is_not_made(
    home: House, fields: dict[str, str]
) -> None:
    browser = await home.client(Role.ADMINISTRATOR)
    refused = await post(browser, "/settings/accounts", fields)
    assert refused.status_code == 422
    assert 'class="fault"' in refused.text
    assert len(home.security.books.accounts.all()) == 1


async def test_the_last_administrator_stays(home: House) -> None:
    browser = await home.client(Role.ADMINISTRATOR)
    assert (await post(browser, "/settings/accounts/p00/lock", {"why": "x"})).status_code == 422
    change = await post(browser, "/settings/accounts/p00", {"role-physicist": "yes"})
    assert change.status_code == 422
    await home.person(Role.ADMINISTRATOR)
    assert (await post(browser, "/settings/accounts/p01/lock", {"why": "x"})).status_code == 303


async def test_people_manage_their_own_account(home: House) -> None:
    account = await home.person(Role.THERAPIST, name="wang")
    browser = home.anonymous()
    browser.cookies.set("isogate", await home.security.sign_in.admit(account, "192.0.2.1", "Fox"))
    await home.security.sign_in.admit(account, "192.0.2.2", "Other")
    page = (await browser.get("/account?lang=en")).text
    assert "192.0.2.2" in page
    wrong = {"old": "wrong password", "new": "four blind mice", "again": "four blind mice"}
    assert (await post(browser, "/account/password", wrong)).status_code == 422
    right = {**wrong, "old": PASSWORD}
    assert (await post(browser, "/account/password", right)).status_code == 303
    assert len(home.security.books.sessions.of("wang")) == 1
    await home.security.sign_in.admit(account, "192.0.2.2", "Other")
    await post(browser, "/account/sessions")
    assert [each.agent for each in home.security.books.sessions.of("wang")] == ["Fox"]


async def test_a_second_factor_is_taken_and_given_up(home: House) -> None:
    browser = await home.client(Role.THERAPIST)
    own, sessions = home.security.own, home.security.books.sessions
    (session,) = sessions.of("p00")
    await browser.get("/account/second-factor")
    code = code_at(own.enrolment(session.id), home.clock.now())
    refused = await post(browser, "/account/second-factor", {"code": code, "password": "no"})
    assert refused.status_code == 422
    await post(browser, "/account/second-factor", {"code": code, "password": PASSWORD})
    account = home.security.books.accounts.get("p00")
    assert account is not None
    assert account.totp
    await post(browser, "/account/second-factor/remove", {"password": PASSWORD})
    account = home.security.books.accounts.get("p00")
    assert account is not None
    assert not account.totp


async def test_a_program_has_no_account_page(home: House) -> None:
    program = await home.program("site.read")
    assert (await program.get("/account")).status_code == 403


async def test_a_token_is_made_shown_once_and_revoked(home: House) -> None:
    browser = await home.client(Role.ADMINISTRATOR)
    fields = {"name": "ris", "may-site.read": "yes", "days": "30"}
    made = await post(browser, "/settings/tokens", fields)
    secret = re.search(r'value="(isogate_[\w-]+)"', made.text)
    assert secret is not None
    page = (await browser.get("/settings/tokens")).text
    assert "ris" in page
    assert secret[1] not in page
    program = home.anonymous()
    program.headers["authorization"] = f"Bearer {secret[1]}"
    assert (await program.get("/api/v1/devices")).status_code == 200
    assert (await program.get("/api/v1/results")).status_code == 403
    await post(browser, "/settings/tokens/ris/revoke")
    assert (await program.get("/api/v1/devices")).status_code == 401


@pytest.mark.parametrize(
    "fields",
    [
        {"name": "ris"},
        {"name": "RIS export", "may-site.read": "y"},
        {"name": "taken", "may-site.read": "y"},
        {"name": "ris", "may-site.read": "y", "days": "0"},
        {"name": "ris", "may-site.read": "y", "days": "soon"},
        {"name": "ris", "may-site.read": "y", "scope": "everything"},
        {"name": "ris", "may-accounts.manage": "y"},
    ],
)
async def test_a_token_that_should_not_be_is_not_made(home: House, fields: dict[str, str]) -> None:
    browser = await home.client(Role.ADMINISTRATOR)
    await post(browser, "/settings/tokens", {"name": "taken", "may-site.read": "y"})
    refused = await post(browser, "/settings/tokens", fields)
    assert refused.status_code == 422
    assert 'class="fault"' in refused.text


async def test_a_display_is_let_in_by_its_code_once(home: House) -> None:
    browser = await home.client(Role.ADMINISTRATOR)
    display = home.anonymous()
    shown = re.search(
        r'<p class="big code"[^>]*>([0-9A-Z-]{9})</p>', (await display.get("/pair")).text
    )
    assert shown is not None
    assert shown[1] in (await display.get("/pair")).text
    fields = {"code": "AAAA-AAAA", "name": "hall-1", "may-site.read": "y", "scope": "zone:hall-1"}
    assert (await post(browser, "/settings/tokens/display", fields)).status_code == 422
    fields["code"] = shown[1].lower()
    assert (await post(browser, "/settings/tokens/display", fields)).status_code == 303
    assert (await post(browser, "/settings/tokens/display", fields)).status_code == 422
    let_in = await display.get("/pair")
    assert let_in.status_code == 303
    assert "Max-Age" in let_in.headers["set-cookie"]
    assert (await display.get("/api/v1/devices")).status_code == 200
    token = home.security.books.tokens.named("hall-1")
    assert token is not None
    assert token.principal.id == "display:hall-1"
    assert token.principal.scope == "zone:hall-1"
    other = home.anonymous()
    assert shown[1] not in (await other.get("/pair")).text
    await post(browser, "/settings/tokens/hall-1/revoke")
    assert (await display.get("/api/v1/devices")).status_code == 401


async def test_no_secret_is_taken_from_an_address(home: House) -> None:
    program = await home.program("site.read")
    secret = program.headers.pop("authorization").removeprefix("Bearer ")
    for query in ("token", "access_token", "authorization"):
        assert (await program.get("/api/v1/devices", params={query: secret})).status_code == 401


async def test_every_form_of_every_page_carries_the_token(home: House) -> None:
    browser = await home.client(Role.ADMINISTRATOR)
    await home.person(Role.THERAPIST, name="wang")
    for path in ("/account", "/settings/accounts", "/settings/accounts/wang", "/settings/tokens"):
        page = (await browser.get(path)).text
        forms = re.findall(r'<form[^>]*method="post"[^>]*>(.{0,40})', page, re.DOTALL)
        assert forms
        assert all(each.startswith('<input type="hidden" name="csrf"') for each in forms)
