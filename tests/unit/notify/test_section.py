from __future__ import annotations

from pathlib import Path

import pytest

from gateway.config import check_site, discover_drivers, discover_rooms

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
