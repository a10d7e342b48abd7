from __future__ import annotations

from email.message import EmailMessage
from email.policy import SMTP
from email.utils import formataddr
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from gateway.config import check_site, discover_drivers, discover_rooms, load_site
from gateway.notify.options import Notify, Person
from tests.unit.notify.notify_case import SECTION

SITE = """
site: {id: trial, name: Trial, time_zone: Asia/Shanghai}
notify:
  mail: {host: mail.h.example, sender: isogate@h.example}
  people: {wang: {name: Wang, mail: wang@h.example}}
  webhooks: {ops: {url: "https://ops.h.example/in", secret: "env:HOOK"}}
  duties: {engineer: [{who: [wang], days: [mon, tue]}]}
  routes: [{tell: [engineer, ops], escalate: [{after: 10 min, tell: [wang]}]}]
"""


@pytest.mark.parametrize(
    ("right", "wrong", "line", "said"),
    [
        ("tell: [engineer, ops]", "tell: [enginer]", 8, "did you mean `engineer`?"),
        ("who: [wang]", "who: [ops, li]", 7, "nobody is called 'li'"),
        ("{engineer: [", "{wang: [", 7, "the name of somebody else already"),
        ("mail: {host", "# mail: {host", 5, "there is no `mail` server"),
        ("after: 10 min", "after: 0", 8, "greater than 0"),
        ("https://ops", "ftp://ops", 6, "write the whole address"),
        ("mail: wang@h.example", "mail: 王工@h.example", 5, "write name@domain"),
        ("mail: wang@h.example", "mail: wang@h..example", 5, "is no domain"),
        ("sender: isogate@h.example", "sender: 'isogate h@h.example'", 4, "write name@domain"),
        ("name: Wang", r'name: "Wang\n"', 5, "write it in one line"),
        ("  routes:", '  title: "a\\nb"\n  routes:', 8, "write it in one line"),
        ("tell: [engineer, ops]", "tell: [ops], devices: [getaway]", 8, "mean `gateway`?"),
        ("tell: [engineer, ops]", "tell: [ops], sources: [alarm]", 8, "mean `alarms`?"),
        ("engineer: [{who: [wang], days: [mon, tue]}]", "engineer: []", 7, "at least one shift"),
        ("days: [mon, tue]", "start: 18, end: '08:00'", 7, "'18' is no time of day"),
        ("days: [mon, tue]", "start: '08:00Z', end: '18:00'", 7, "without a zone"),
        ("days: [mon, tue]", "start: '08:00'", 7, "give both `start` and `end`"),
    ],
)
def test_a_mistake_is_told_where_it_stands(
    tmp_path: Path, right: str, wrong: str, line: int, said: str
) -> None:
    file = tmp_path / "devices.yaml"
    file.write_text(SITE.replace(right, wrong, 1))
    found = [
        problem
        for problem in check_site(file, drivers=discover_drivers(), rooms=discover_rooms())
        if not problem.note
    ]
    assert said in str(found[0]), found
    assert found[0].line == line


def test_a_right_section_has_no_problems(tmp_path: Path) -> None:
    file = tmp_path / "devices.yaml"
    file.write_text(SITE)
    found = check_site(file, drivers=discover_drivers(), rooms=discover_rooms())
    assert [problem for problem in found if not problem.note] == []


def test_a_domain_in_other_letters_is_written_as_mail_servers_know_it() -> None:
    person = Person.model_validate({"name": "王工", "mail": "wang@医院.cn"})
    assert person.mail == "wang@xn--ekrs67m.cn"


@given(st.text())
def test_an_address_that_is_accepted_fits_into_a_letter(text: str) -> None:
    try:
        mail = Person.model_validate({"name": "Wang", "mail": text}).mail
    except ValidationError:
        return
    message = EmailMessage()
    message["To"] = formataddr(("王工", mail))
    assert mail.encode("ascii") in message.as_bytes(policy=SMTP.clone(max_line_length=10_000))


def test_who_is_told_of_nothing_is_noted_where_they_stand(tmp_path: Path) -> None:
    file = tmp_path / "devices.yaml"
    file.write_text(
        SITE.replace("tell: [engineer, ops]", "tell: [ops]").replace("[wang]}]}]", "[ops]}]}]")
    )
    notes = check_site(file, drivers=discover_drivers(), rooms=discover_rooms())
    said = [(note.line, note.message) for note in notes if "no route" in note.message]
    assert said == [(5, "no route tells 'wang' of anything")]
    assert all(note.note for note in notes)


def test_a_duty_reaches_who_has_it_and_an_escalation_too() -> None:
    section = Notify.model_validate(SECTION)
    assert section.untold() == []
    assert Notify.model_validate({**SECTION, "routes": []}).untold() == ["wang", "li", "ops"]


ADDRESS = "https://hook.h.example/send?key=T0PSECRET"


def test_the_address_of_a_webhook_may_be_a_secret(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "devices.yaml"
    file.write_text(SITE.replace('"https://ops.h.example/in"', '"env:HOOK_URL"'))
    notes = check_site(file, drivers=discover_drivers(), rooms=discover_rooms())
    assert "environment variable HOOK_URL is not set" in [each.message for each in notes]
    assert all(each.note for each in notes)
    for name, value in (("HOOK_URL", ADDRESS), ("HOOK", "x")):
        monkeypatch.setenv(name, value)
    site = load_site(file, drivers=discover_drivers(), rooms=discover_rooms())
    section = site.sections["notify"]
    assert isinstance(section, Notify)
    assert section.webhooks["ops"].url.get_secret_value() == ADDRESS
    assert list(section.calls()) == ["hook.h.example", "mail.h.example"]
    assert "T0PSECRET" not in repr(section) + section.model_dump_json()


def test_a_secret_address_that_is_none_is_not_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOOK_URL", ADDRESS.replace("https", "ftp"))
    file = tmp_path / "devices.yaml"
    file.write_text(SITE.replace('"https://ops.h.example/in"', '"env:HOOK_URL"'))
    found = check_site(file, drivers=discover_drivers(), rooms=discover_rooms())
    said = "\n".join(map(str, found))
    assert "write the whole address" in said
    assert "T0PSECRET" not in said
