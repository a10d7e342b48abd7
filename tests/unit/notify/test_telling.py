"""Who is told, how often, and what a crash or a refusal does to it."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from gateway.model import Instant, localize, to_datetime
from gateway.notify.courier import Courier
from gateway.notify.glance import Overview
from gateway.notify.letter import Paper, Told, letter
from gateway.notify.lookout import Lookout
from gateway.notify.options import Notify
from gateway.notify.room import CODE
from gateway.notify.tables import Tables
from gateway.notify.way import MailWay
from gateway.profile import Priority
from gateway.room import OWNER
from gateway.store import Outbox
from gateway.testing.room import MemoryOutbox, known_ring
from tests.unit.notify.notify_case import MONDAY, SECTION, NotifySite, notice, noticed, roster, utc

OPEN, OVER = "alarm:x:1:open:0", "alarm:x:1:over:0"
SECOND = 1_000_000


@pytest.mark.parametrize(
    ("moment", "who"),
    [
        ("2026-11-23T10:00", "wang"),
        ("2026-11-23T18:00", "li"),
        ("2026-11-24T07:59", "li"),
        ("2026-11-24T08:00", "wang"),
        ("2026-11-28T10:00", "li"),
        ("2026-10-01T10:00", "li"),
        ("2026-10-10T10:00", "wang"),
    ],
)
def test_who_has_duty_follows_hours_weekdays_and_holidays(moment: str, who: str) -> None:
    assert roster().recipients(notice(), 0, utc(moment)) == [who, "ops"]


def test_if_no_shift_fits_everybody_of_the_duty_is_told() -> None:
    shift = {"who": ["wang", "li"], "days": ["sun"]}
    duties = {"engineer": [shift]}
    assert roster({**SECTION, "duties": duties}).recipients(notice(), 0, MONDAY) == [
        "wang",
        "li",
        "ops",
    ]


def test_a_notice_that_no_route_wants_is_told_to_nobody() -> None:
    assert roster().recipients(notice(priority=Priority.LOW), 0, MONDAY) == []


@pytest.mark.parametrize(("device", "told"), [("chiller-2", ["li"]), ("other", [])])
def test_a_notice_that_stands_for_several_devices_is_for_the_routes_of_any(
    device: str, told: list[str]
) -> None:
    section = {**SECTION, "routes": [{"tell": ["li"], "devices": [device]}]}
    lost = notice(device="gateway", devices=("chiller-1", "chiller-2"))
    assert roster(section).recipients(lost, 0, MONDAY) == told


async def test_a_lost_link_is_silenced_where_each_of_its_devices_is(tmp_path: Path) -> None:
    lost: dict[str, Any] = {"device": "gateway", "devices": ("chiller-1", "chiller-2")}
    async with NotifySite(tmp_path).running() as site:
        await _silenced(site, 600, "chiller-1")
        await site.say(notice("a", **lost))
        await _silenced(site, 300, "chiller-2")
        await site.say(notice("b", **lost))
        await site.deliver()
        assert site.got("webhook:ops") == [["a:open:0"]]
        await site.after(301)
        await site.after(1)
        assert site.got("webhook:ops")[1:] == [["b:open:0"]], "as soon as one is no longer"


async def test_a_notice_is_told_once_to_each_and_its_end_to_systems_alone(tmp_path: Path) -> None:
    async with NotifySite(tmp_path).running() as site:
        await site.say(notice())
        await site.say(notice(standing=False))
        await site.deliver()
        assert site.got("mail:wang") == [[OPEN]]
        assert site.got("mail:li") == []
        assert site.got("webhook:ops") == [[OPEN], [OVER]]


async def test_it_escalates_until_somebody_acknowledges(tmp_path: Path) -> None:
    async with NotifySite(tmp_path).running() as site:
        await site.say(notice())
        await site.after(599)
        assert site.got("mail:li") == []
        await site.after(1)
        assert site.got("mail:li") == [["alarm:x:1:open:1"]]
        await site.say(notice(standing=False))
        await site.after(3600)
        assert site.got("webhook:ops") == [[OPEN], [OVER]]


async def test_a_flood_reaches_a_person_in_few_letters_and_a_system_one_by_one(
    tmp_path: Path,
) -> None:
    async with NotifySite(tmp_path).running() as site:
        await site.say(notice("first"))
        await site.deliver()
        await site.say(*(notice(f"n{number}") for number in range(40)))
        await site.deliver()
        assert site.got("mail:wang") == [["first:open:0"]], "the pace holds the rest back"
        site.courier.rounds["mail:wang"].told_at = None
        await site.deliver()
        assert [len(each) for each in site.got("mail:wang")] == [1, 40]
        assert len(site.got("webhook:ops")) == 41


async def test_what_is_critical_waits_for_nothing_that_came_before_it(tmp_path: Path) -> None:
    async with NotifySite(tmp_path).running() as site:
        await site.say(notice("first"))
        await site.deliver()
        await site.say(*(notice(f"n{number}") for number in range(120)))
        await site.say(notice("grave", priority=Priority.CRITICAL))
        await site.deliver()
        assert site.got("mail:wang")[1][0] == "grave:open:0"
        assert site.got("webhook:ops")[1] == ["grave:open:0"]


async def test_of_a_letter_that_is_refused_only_the_culprit_is_buried(tmp_path: Path) -> None:
    async with NotifySite(tmp_path).running() as site:
        site.strangers["mail:wang"].poison = {"n13:open:0", "n31:open:0"}
        await site.say(*(notice(f"n{number}") for number in range(40)))
        await site.deliver()
        dead = [each.key for each in await site.ports.outbox.dead()]
        assert dead == ["n13:open:0", "n31:open:0"]
        got = [key for letter_ in site.got("mail:wang") for key in letter_]
        assert got == [f"n{number}:open:0" for number in range(40) if number not in {13, 31}]


async def test_a_mail_server_that_goes_away_amid_the_halves_loses_and_repeats_nothing(
    tmp_path: Path,
) -> None:
    async with NotifySite(tmp_path).running() as site:
        wang = site.strangers["mail:wang"]
        wang.poison, wang.patience = {"n0:open:0"}, 1
        await site.say(*(notice(f"n{number}") for number in range(8)))
        await site.courier.deliver(site.courier.rounds["mail:wang"])
        assert site.courier.failing()
        wang.patience = None
        site.courier.rounds["mail:wang"].told_at = None
        await site.deliver()
        got = [key for letter_ in wang.got for key in letter_]
        assert got == [f"n{number}:open:0" for number in range(1, 8)]


async def test_a_critical_notice_is_tried_at_once_however_long_the_others_wait(
    tmp_path: Path,
) -> None:
    site = NotifySite(tmp_path)
    async with Outbox.open(tmp_path / "outbox.sqlite", known_ring(), site.clock) as outbox:
        site.ports.outbox = outbox  # type: ignore[assignment]
        async with site.running():
            ops, there = site.courier.rounds["webhook:ops"], site.strangers["webhook:ops"]
            there.mood = "away"
            await site.say(notice("a"), notice("b", priority=Priority.CRITICAL))
            for _ in range(24):
                site.clock.advance(await site.courier.deliver(ops))
            await site.courier.deliver(ops)
            head = await outbox.head("webhook:ops")
            assert head is not None
            assert head.due - site.clock.now() > 200 * SECOND
            there.mood = "takes"
            await site.say(notice("c", priority=Priority.CRITICAL))
            while await site.courier.deliver(ops) == 0:
                pass
            assert there.got == [["b:open:0"], ["c:open:0"], ["a:open:0"]]


async def test_what_is_critical_waits_for_no_pace(tmp_path: Path) -> None:
    async with NotifySite(tmp_path).running() as site:
        await site.say(notice("first"))
        await site.deliver()
        await site.say(notice("second", priority=Priority.CRITICAL))
        await site.deliver()
        assert site.got("mail:wang") == [["first:open:0"], ["second:open:0"]]


async def test_a_silence_tells_nobody_and_what_still_stands_is_told_when_it_ends(
    tmp_path: Path,
) -> None:
    async with NotifySite(tmp_path).running() as site:
        until = Instant(site.clock.now() + 600 * SECOND)
        await site.ports.act(
            OWNER, "notify.silence", text="works", payload={"scope": "chiller-1", "until": until}
        )
        await site.say(notice("a", device="chiller-1"), notice("b", device="chiller-1"))
        await site.say(notice("c", device="other"), notice("b", standing=False, device="chiller-1"))
        await site.deliver()
        assert site.got("webhook:ops") == [["c:open:0"]]
        await site.after(599)
        assert len(site.got("webhook:ops")) == 1
        await site.after(1)
        await site.after(1)
        assert site.got("webhook:ops")[1:] == [["a:open:0"]]


async def _silenced(site: NotifySite, seconds: float, scope: str = "chiller-1") -> int:
    """Silence a scope; the silence's id."""
    until = Instant(site.clock.now() + round(seconds * SECOND))
    setting = asyncio.create_task(site.notifier.silence(OWNER, scope, "works", until))
    while not setting.done():
        await asyncio.sleep(0)
        await site.ports.feed(site.notifier)
    await setting
    return max(each.id for each in await site.notifier.ask(Tables.silences))


async def test_a_silence_holds_back_escalations_too_until_it_ends(tmp_path: Path) -> None:
    async with NotifySite(tmp_path).running() as site:
        await site.say(notice(device="chiller-1"))
        await site.deliver()
        await _silenced(site, 7200)
        await site.after(3600)
        assert site.got("mail:li") == []
        assert site.got("webhook:ops") == [[OPEN]]
        await site.after(3601)
        await site.after(1)
        assert site.got("mail:li") == [["alarm:x:1:open:1"]]
        assert site.got("webhook:ops") == [[OPEN], ["alarm:x:1:open:2"]]


async def test_what_one_silence_gives_back_another_that_covers_it_keeps(tmp_path: Path) -> None:
    async with NotifySite(tmp_path).running() as site:
        await _silenced(site, 600)
        await site.say(notice(device="chiller-1"))
        await _silenced(site, 7200)
        await site.after(601)
        await site.after(3600)
        assert site.got("webhook:ops") == []
        await site.after(3000)
        await site.after(1)
        assert site.got("webhook:ops") == [[OPEN]]


async def test_an_escalation_that_meets_a_silence_on_its_way_is_told_after_it(
    tmp_path: Path,
) -> None:
    async with NotifySite(tmp_path).running() as site:
        await site.say(notice(device="chiller-1"))
        await site.deliver()
        site.clock.advance(600)
        until = Instant(site.clock.now() + 600 * SECOND)
        payload = {"scope": "chiller-1", "until": until}
        await site.ports.act(OWNER, "notify.silence", text="works", payload=payload)
        await site.notifier.turn()
        await site.ports.feed(site.notifier)
        await site.deliver()
        assert site.got("mail:li") == []
        await site.after(601)
        await site.after(1)
        assert site.got("mail:li") == [["alarm:x:1:open:1"]]
        await site.say(notice(standing=False, device="chiller-1"))
        await site.deliver()
        assert site.got("webhook:ops") == [[OPEN], [OVER]]


async def test_no_silence_lasts_longer_than_the_site_allows(tmp_path: Path) -> None:
    async with NotifySite(tmp_path).running() as site:
        with pytest.raises(ValueError, match="no silence lasts for so long here"):
            await _silenced(site, 86_401)
        until = Instant(site.clock.now() + 180 * 365 * 86_400 * SECOND)
        payload = {"scope": "*", "until": until}
        await site.ports.act(OWNER, "notify.silence", text="lunch", payload=payload)
        await site.say(notice())
        await site.after(86_399)
        assert site.got("webhook:ops") == []
        for _ in range(3):
            await site.after(1)
        assert site.got("webhook:ops") == [[OPEN]], "one of before that rule ends too"


async def test_a_silence_that_stands_is_shown_on_the_overview(tmp_path: Path) -> None:
    async with NotifySite(tmp_path).running() as site:
        overview = Overview(site.context(), site.notifier, site.courier)
        assert (await overview.glance(OWNER)).attention == []
        await _silenced(site, 3600, "*")
        (shown,) = (await overview.glance(OWNER)).attention
        assert localize(shown.who, "en") == "Everything"
        assert localize(shown.why, "en") == "nobody is told of it until 2026-11-23 11:00: works"
        await site.after(3601)
        assert (await overview.glance(OWNER)).attention == []


async def test_a_system_that_is_away_is_told_later_and_one_that_refuses_never(
    tmp_path: Path,
) -> None:
    async with NotifySite(tmp_path).running() as site:
        site.strangers["webhook:ops"].mood = "away"
        await site.say(notice("a"))
        await site.deliver()
        assert [each.name for each in site.courier.failing()] == ["webhook:ops"]
        site.strangers["webhook:ops"].mood = "refuses"
        await site.say(notice("b"))
        await site.deliver()
        assert [each.key for each in await site.ports.outbox.dead()] == ["a:open:0", "b:open:0"]
        site.strangers["webhook:ops"].mood = "takes"
        for each in await site.ports.outbox.dead():
            await site.ports.outbox.revive(each.id)
        await site.deliver()
        assert site.got("webhook:ops") == [["a:open:0"], ["b:open:0"]]
        assert site.courier.failing() == []


async def test_a_notice_that_still_stands_is_told_however_long_nobody_could_be(
    tmp_path: Path,
) -> None:
    async with NotifySite(tmp_path).running() as site:
        site.strangers["webhook:ops"].mood = "away"
        await site.say(notice(priority=Priority.CRITICAL))
        for _ in range(200):
            await site.deliver()
        assert await site.ports.outbox.dead() == []
        site.strangers["webhook:ops"].mood = "takes"
        await site.deliver()
        assert site.got("webhook:ops") == [[OPEN]]


async def test_that_nobody_can_be_told_is_said_of_the_gateway_itself(tmp_path: Path) -> None:
    async with NotifySite(tmp_path).running() as site:
        context = site.context()
        lookout = Lookout(context.ports, context.clock, site.courier, CODE)
        await lookout.look()
        site.strangers["webhook:ops"].mood = "refuses"
        await site.say(notice())
        await site.deliver()
        await lookout.look()
        await lookout.look()
        assert [text for code, text, _ in site.ports.said if code == "notify"] == [
            "delivered",
            "undeliverable",
        ]


async def test_a_crash_after_the_hand_over_sends_the_same_key_and_no_other(
    tmp_path: Path,
) -> None:
    site = NotifySite(tmp_path)
    async with site.running():
        await site.say(notice())
        (owed,) = await site.ports.outbox.owed("webhook:ops", 1)
        await site.strangers["webhook:ops"].tell([owed])
    async with site.running():
        await site.deliver()
        assert site.got("webhook:ops") == [[OPEN], [OPEN]]


async def test_lost_tables_tell_nobody_again(tmp_path: Path) -> None:
    site = NotifySite(tmp_path)
    async with site.running():
        await site.say(notice())
        await site.deliver()
    (tmp_path / "store" / "notify.sqlite").unlink()
    async with site.running():
        await site.ports.feed(site.notifier)
        await site.deliver()
        assert site.got("webhook:ops") == [[OPEN]]
    (tmp_path / "store" / "notify.sqlite").unlink()
    site.ports.outbox._known.clear()
    site.clock.advance(90_000)
    async with site.running():
        await site.ports.feed(site.notifier)
        await site.deliver()
        assert site.got("webhook:ops") == [[OPEN]], "news of yesterday are none"


async def test_what_was_too_old_to_be_told_does_not_escalate(tmp_path: Path) -> None:
    async with NotifySite(tmp_path).running() as site:
        old = noticed(notice("alarm:old:1"), MONDAY - 30 * 86_400_000_000)
        await site.ports.publish([old])
        await site.ports.feed(site.notifier)
        await site.say(notice("alarm:new:1"))
        site.clock.advance(31 * 60)
        await site.notifier.turn()
        await site.ports.feed(site.notifier)
        escalated = [
            (each.payload or {})["key"]
            for each in site.ports.events
            if each.code.code == "escalate"
        ]
        assert set(escalated) == {"alarm:new:1"}


async def test_an_error_that_nobody_foresaw_ends_no_other_destination_and_is_loud(
    tmp_path: Path,
) -> None:
    async with NotifySite(tmp_path).running() as site:
        site.strangers["webhook:ops"].mood = "breaks"
        delivering = asyncio.create_task(site.courier.run())
        await site.say(notice())
        while not (site.got("mail:wang") and site.courier.failing()):
            await site.ports.feed(site.notifier)
            await asyncio.sleep(0)
        assert not delivering.done()
        glance = await Overview(site.context(), site.notifier, site.courier).glance(OWNER)
        (shown,) = (each for each in glance.attention if each.who == "webhook:ops")
        assert "the library has a bug" in str(shown.why)
        delivering.cancel()


async def test_what_meets_such_an_error_again_and_again_becomes_a_dead_letter(
    tmp_path: Path,
) -> None:
    async with NotifySite(tmp_path).running() as site:
        site.ports.outbox = MemoryOutbox(site.clock, patience=100)
        site.courier = Courier(site.ports.outbox, site.clock, site.strangers, {})
        site.strangers["webhook:ops"].mood = "breaks"
        await site.say(notice())
        for _ in range(5):
            await site.courier.deliver(site.courier.rounds["webhook:ops"])
        (dead,) = await site.ports.outbox.dead()
        assert dead.error == "RuntimeError: the library has a bug"


async def test_what_no_letter_can_be_made_of_is_a_dead_letter_with_its_reason(
    tmp_path: Path,
) -> None:
    async with NotifySite(tmp_path).running() as site:
        server, person = site.section.mail, site.section.people["wang"]
        assert server is not None
        paper = Paper("Site", ZoneInfo("Asia/Shanghai"), server.sender, "")
        way = MailWay(server, person, paper, site.clock)
        site.courier = Courier(site.ports.outbox, site.clock, {"mail:wang": way}, {})
        await site.ports.outbox.enqueue("mail:wang", "a", b"{}")
        await site.courier.deliver(site.courier.rounds["mail:wang"])
        (dead,) = await site.ports.outbox.dead()
        assert dead.error.startswith("no letter can be made of it: KeyError")


def test_no_text_of_a_notice_breaks_the_head_of_a_letter() -> None:
    paper = Paper("Site\r\nBcc: x@h.example", ZoneInfo("Asia/Shanghai"), "isogate@h.example", "")
    told = Told("alarm:is-故障\n:1", notice(title="a\r\nBcc: y@h.example"), 0, MONDAY, False)
    person = Notify.model_validate(SECTION).people["wang"]
    letter_ = letter(paper, person, [told], to_datetime(MONDAY))
    letter_.as_bytes()
    assert letter_["Bcc"] is None
