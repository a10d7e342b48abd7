"""What raises and clears alarms, and when, over a clock that the test moves."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from gateway.alarms import Refusal, Standing, Step
from gateway.alarms.catalogue import define
from gateway.alarms.fact import definition_facts, words
from gateway.alarms.options import Alarms
from gateway.model import Instant, Quality
from gateway.profile import AlarmLimit, PointAlarms, Priority
from gateway.room import notice_of
from tests.unit.alarms.alarm_case import (
    FAULT,
    HIGH,
    LINK,
    NOON,
    OFFLINE,
    PROFILE,
    SECOND,
    STALE,
    AlarmSite,
    availability,
    chillers,
    measured,
    pump,
    system,
)


async def test_an_alarm_rises_after_its_delay_by_values_that_nobody_stored(tmp_path: Path) -> None:
    async with AlarmSite(tmp_path).running() as site:
        await site.poll(measured(26, at=site.clock.now(), raw_id=7))
        await site.after(29)
        assert await site.standing() == {}
        await site.after(1)
        assert await site.standing() == {HIGH: Standing.UNACKNOWLEDGED}
        alarm = await site.desk.alarm(HIGH)
        assert alarm is not None
        assert (alarm.raw_id, alarm.seen["value"], alarm.facts["limit"]) == (7, "26", 25)


async def test_a_value_that_swings_over_its_limit_raises_nothing(tmp_path: Path) -> None:
    async with AlarmSite(tmp_path).running() as site:
        for number in (26, 22, 26, 22, 26):
            await site.poll(measured(number, at=site.clock.now()))
            await site.after(20)
        assert await site.standing() == {}


async def test_it_returns_only_beyond_its_deadband_and_after_its_delay(tmp_path: Path) -> None:
    async with AlarmSite(tmp_path).running() as site:
        await site.poll(measured(26, at=site.clock.now()))
        await site.after(30)
        await site.act(HIGH, Step.ACKNOWLEDGE)
        await site.poll(measured(24, at=site.clock.now()))
        await site.after(60)
        assert await site.standing() == {HIGH: Standing.ACKNOWLEDGED}
        await site.poll(measured(22, at=site.clock.now()))
        await site.after(10)
        assert await site.standing() == {}
        assert site.told(HIGH) == ["unacknowledged", "acknowledged", "normal"]


@pytest.mark.parametrize("quality", [Quality.UNCERTAIN, Quality.STALE, Quality.BAD])
async def test_what_is_not_good_neither_raises_nor_clears(tmp_path: Path, quality: Quality) -> None:
    async with AlarmSite(tmp_path).running() as site:
        await site.poll(measured(99, at=site.clock.now(), quality=quality))
        await site.after(40)
        assert HIGH not in await site.standing()
        await site.poll(measured(26, at=site.clock.now()))
        await site.after(40)
        await site.poll(measured(5, at=site.clock.now(), quality=quality))
        await site.after(40)
        assert (await site.standing())[HIGH] is Standing.UNACKNOWLEDGED


async def test_a_device_that_falls_silent_within_the_delay_raises_nothing(tmp_path: Path) -> None:
    async with AlarmSite(tmp_path).running() as site:
        await site.poll(measured(26, at=site.clock.now()))
        await site.say(availability("chiller-1", "offline"))
        await site.after(3600)
        assert HIGH not in await site.standing()
        await site.say(availability("chiller-1", "online", at=site.clock.now()))
        await site.poll(measured(26, at=site.clock.now()))
        assert (await site.standing())[HIGH] is Standing.UNACKNOWLEDGED


async def test_a_point_without_a_current_value_has_an_alarm_of_its_own(tmp_path: Path) -> None:
    async with AlarmSite(tmp_path).running() as site:
        await site.say(availability("chiller-1", "online"))
        await site.poll(measured(20, at=site.clock.now()))
        await site.after(899)
        await site.poll(measured(20, at=site.clock.now(), quality=Quality.BAD))
        await site.after(1)
        assert await site.standing() == {STALE: Standing.UNACKNOWLEDGED}
        await site.poll(measured(20, at=site.clock.now()))
        assert await site.standing() == {STALE: Standing.RETURNED}


async def test_a_latched_alarm_stays_until_a_person_resets_it(tmp_path: Path) -> None:
    async with AlarmSite(tmp_path).running() as site:
        await site.say(pump("fault"), availability("chiller-1", "online"))
        await site.say(pump("running", at=site.clock.now()))
        assert await site.standing() == {FAULT: Standing.LATCHED_UNACKNOWLEDGED}
        refused = await site.act(FAULT, Step.RESET)
        assert isinstance(refused, Refusal)
        assert "acknowledge" in refused.reason
        await site.act(FAULT, Step.ACKNOWLEDGE)
        assert await site.standing() == {FAULT: Standing.LATCHED}
        await site.act(FAULT, Step.RESET)
        assert await site.standing() == {}


async def test_what_happened_and_is_over_waits_for_an_acknowledgement(tmp_path: Path) -> None:
    async with AlarmSite(tmp_path).running() as site:
        await site.say(system("clock-jump", "+3.2"))
        assert await site.standing() == {"gateway/clock-jump": Standing.RETURNED}
        await site.act("gateway/clock-jump", Step.ACKNOWLEDGE)
        assert await site.standing() == {}


async def test_only_the_value_that_raises_counts_among_others_of_its_code(tmp_path: Path) -> None:
    async with AlarmSite(tmp_path).running() as site:
        await site.say(system("audit", "anchor"))
        assert await site.standing() == {}
        await site.say(system("audit", "cut"))
        assert await site.standing() == {"gateway/audit-cut": Standing.LATCHED_UNACKNOWLEDGED}


async def test_the_gateway_speaks_of_itself(tmp_path: Path) -> None:
    async with AlarmSite(tmp_path).running() as site:
        await site.say(system("store", "nearly-full"), system("backup", "drill-failed"))
        assert set(await site.standing()) == {"gateway/disk-low", "gateway/restore-drill"}
        await site.say(system("store", "ok"), system("backup", "drill-passed"))
        assert set((await site.standing()).values()) == {Standing.RETURNED}


async def test_a_shelf_ends_by_time_and_the_alarm_wants_a_person_again(tmp_path: Path) -> None:
    async with AlarmSite(tmp_path).running() as site:
        await site.poll(measured(26, at=site.clock.now()))
        await site.after(30)
        until = Instant(site.clock.now() + 600 * SECOND)
        await site.act(HIGH, Step.SHELVE, "pump is being repaired", until=until)
        await site.after(599)
        assert await site.standing() == {HIGH: Standing.SHELVED}
        await site.after(1)
        assert await site.standing() == {HIGH: Standing.UNACKNOWLEDGED}
        assert site.notices() == [f"alarm:{HIGH}:1", f"alarm:{HIGH}:2"]


async def test_a_one_shot_shelf_ends_when_the_alarm_returns(tmp_path: Path) -> None:
    async with AlarmSite(tmp_path).running() as site:
        await site.poll(measured(26, at=site.clock.now()))
        await site.after(30)
        until = Instant(site.clock.now() + 600 * SECOND)
        await site.act(HIGH, Step.SHELVE, "known", until=until, one_shot=True)
        await site.poll(measured(20, at=site.clock.now()))
        await site.after(10)
        assert await site.standing() == {}


async def test_children_of_a_lost_link_are_suppressed_and_a_dead_one_rises_after_it(
    tmp_path: Path,
) -> None:
    async with AlarmSite(tmp_path, "chiller-1", "chiller-2").running() as site:
        for name in ("chiller-1", "chiller-2"):
            await site.say(availability(name, "offline", link="plant"))
        await site.say(system("link/plant", "down"))
        await site.after(10)
        standing = await site.standing()
        assert standing.pop(LINK) is Standing.UNACKNOWLEDGED
        assert set(standing.values()) == {Standing.SUPPRESSED}
        assert {OFFLINE, "chiller-2/offline", STALE} <= set(standing)
        assert site.notices() == ["alarm:link/plant:1"]
        await site.say(system("link/plant", "up"))
        await site.say(availability("chiller-1", "online"))
        await site.say(availability("chiller-2", "waiting"))
        await site.say(availability("chiller-2", "offline", at=site.clock.now()))
        await site.after(30)
        standing = await site.standing()
        assert standing == {
            LINK: Standing.RETURNED,
            "chiller-2/offline": Standing.UNACKNOWLEDGED,
            "chiller-2/temperature/stale": Standing.SUPPRESSED,
        }


async def test_a_child_that_was_dead_before_the_link_wants_a_person_again(tmp_path: Path) -> None:
    async with AlarmSite(tmp_path).running() as site:
        await site.say(availability("chiller-1", "offline"))
        await site.after(30)
        await site.act(OFFLINE, Step.ACKNOWLEDGE)
        await site.say(availability("chiller-1", "offline", link="plant", at=site.clock.now()))
        await site.say(system("link/plant", "down", at=site.clock.now()))
        await site.after(10)
        alarm = await site.desk.alarm(OFFLINE)
        assert alarm is not None
        assert (alarm.standing, alarm.state.causes) == (Standing.SUPPRESSED, frozenset({LINK}))
        await site.say(system("link/plant", "up", at=site.clock.now()))
        await site.after(5)
        assert (await site.standing())[OFFLINE] is Standing.UNACKNOWLEDGED


async def test_a_kill_within_a_delay_costs_no_alarm_and_brings_none_too_early(
    tmp_path: Path,
) -> None:
    site = AlarmSite(tmp_path)
    async with site.running():
        await site.poll(measured(26, at=site.clock.now()))
        await site.after(20)
    async with site.running():
        await site.after(20)
        assert await site.standing() == {}, "nobody has heard of the device since the start"
        await site.poll(measured(26, at=site.clock.now()))
        assert await site.standing() == {HIGH: Standing.UNACKNOWLEDGED}


async def test_a_kill_repeats_nothing_and_keeps_where_alarms_stand(tmp_path: Path) -> None:
    site = AlarmSite(tmp_path)
    async with site.running():
        await site.poll(measured(26, at=site.clock.now()))
        await site.after(30)
        before = len(site.ports.events)
    async with site.running():
        await site.poll(measured(26, at=site.clock.now()))
        await site.after(60)
        assert len(site.ports.events) == before
        await site.poll(measured(20, at=site.clock.now()))
        await site.after(10)
        assert await site.standing() == {HIGH: Standing.RETURNED}


async def test_a_replay_gives_the_same_tables_and_nothing_new(tmp_path: Path) -> None:
    site = AlarmSite(tmp_path, "chiller-1", "chiller-2")
    async with site.running():
        await site.poll(measured(26, at=site.clock.now()))
        await site.poll(pump("fault"))
        await site.say(system("clock-jump", "+3.2"))
        await site.after(30)
        until = Instant(site.clock.now() + 60 * SECOND)
        await site.act(FAULT, Step.SHELVE, "known", until=until)
        await site.act(HIGH, Step.ACKNOWLEDGE)
        await site.act(HIGH, Step.REMOVE, "no chiller in winter")
        await site.say(system("link/plant", "down"))
        await site.after(70)
        before, history = await site.desk.standing(), await site.desk.history()
        events = len(site.ports.events)
    (tmp_path / "alarms.sqlite").unlink()
    async with site.running():
        await site.settle()
        assert await site.desk.standing() == before
        assert await site.desk.history() == history
        assert len(site.ports.events) == events


async def test_what_the_store_refuses_is_told_when_it_takes_it_again(tmp_path: Path) -> None:
    async with AlarmSite(tmp_path).running() as site:
        await site.poll(measured(26, at=site.clock.now()))
        site.ports.refuses = True
        await site.after(30)
        site.ports.refuses = False
        assert site.told(HIGH) == []
        await site.after(1)
        assert site.told(HIGH) == ["unacknowledged"]


async def test_an_alarm_that_is_no_longer_configured_clears(tmp_path: Path) -> None:
    async with AlarmSite(tmp_path).running() as site:
        await site.poll(measured(26, at=site.clock.now()))
        await site.after(30)
        alarms = {**PROFILE.alarms, "temperature": PointAlarms()}
        site.links = chillers("chiller-1", profile=PROFILE.model_copy(update={"alarms": alarms}))
        await site.settle()
        assert await site.standing() == {HIGH: Standing.RETURNED}


async def test_one_of_two_people_who_act_at_once_is_refused(tmp_path: Path) -> None:
    async with AlarmSite(tmp_path).running() as site:
        await site.poll(measured(26, at=site.clock.now()))
        await site.after(30)
        first = await site.act(HIGH, Step.ACKNOWLEDGE)
        assert not isinstance(first, Refusal)
        await site.ports.publish(
            [replace(each, id=b"again", seq=0) for each in site.ports.events if each.actor][:1]
        )
        await site.settle()
        newest = (await site.desk.history(HIGH))[0]
        assert newest.refused == "it is acknowledged already"
        assert site.told(HIGH) == ["unacknowledged", "acknowledged"]


async def test_what_came_and_went_between_two_turns_is_told(tmp_path: Path) -> None:
    async with AlarmSite(tmp_path).running() as site:
        site.values.poll(pump("fault"))
        site.values.poll(pump("running"))
        await site.settle()
        assert site.told(FAULT) == ["unacknowledged", "latched-unacknowledged"]


async def test_what_was_stored_just_before_a_kill_and_not_looked_at_is_told_after_it(
    tmp_path: Path,
) -> None:
    site = AlarmSite(tmp_path)
    async with site.running():
        await site.say(pump("running"))
    await site.ports.publish([pump("fault", at=NOON + 1), pump("running", at=NOON + 2)])
    for _ in range(2):
        async with site.running():
            await site.settle()
            assert site.told(FAULT) == ["unacknowledged", "latched-unacknowledged"]


async def test_a_kill_between_seeing_and_folding_tells_it_once(tmp_path: Path) -> None:
    site = AlarmSite(tmp_path)
    async with site.running():
        await site.ports.publish([pump("fault")])
        await site.ports.feed(site.detector)
        await site.detector.turn()
    async with site.running():
        await site.settle()
        assert site.told(FAULT) == ["unacknowledged"]
        assert len({event.id for event in site.ports.events}) == len(site.ports.events)


async def test_an_alarm_that_is_taken_out_and_put_back_rises_as_before(tmp_path: Path) -> None:
    site = AlarmSite(tmp_path, "chiller-1", "chiller-2")
    async with site.running():
        for _ in range(2):
            await site.poll(measured(26, at=site.clock.now()))
            await site.after(30)
            assert (await site.standing())[HIGH] is Standing.UNACKNOWLEDGED
            site.links = chillers("chiller-2")
            await site.settle()
            assert (await site.standing())[HIGH] is Standing.RETURNED
            site.values.newest.clear()
            site.links = chillers("chiller-1", "chiller-2")
            await site.settle()
        told = site.told(HIGH)
        assert told == ["unacknowledged", "returned"] * 2


async def test_an_alarm_that_was_out_at_a_start_and_is_put_back_rises(tmp_path: Path) -> None:
    site = AlarmSite(tmp_path, "chiller-1", "chiller-2")
    async with site.running():
        await site.poll(measured(26))
        await site.after(30)
    site.links = chillers("chiller-2")
    async with site.running():
        await site.settle()
        assert (await site.standing())[HIGH] is Standing.RETURNED
        site.links = chillers("chiller-1", "chiller-2")
        await site.settle()
        await site.poll(measured(26, at=site.clock.now()))
        await site.after(30)
        assert (await site.standing())[HIGH] is Standing.UNACKNOWLEDGED


async def test_a_reload_tells_nothing_of_what_happened_before_it(tmp_path: Path) -> None:
    site = AlarmSite(tmp_path)
    async with site.running():
        await site.say(system("clock-jump", "+3.2"), system("audit", "cut"))
        before = site.notices()
        for names in (("chiller-1",), ("chiller-1", "chiller-2")):
            site.links = chillers(*names)
            await site.settle()
        assert (
            site.notices() == before == ["alarm:gateway/clock-jump:1", "alarm:gateway/audit-cut:1"]
        )


async def test_a_reload_shows_a_fresh_alarm_what_stands(tmp_path: Path) -> None:
    site = AlarmSite(tmp_path)
    async with site.running():
        await site.say(pump("fault", device="chiller-2"))
        site.links = chillers("chiller-1", "chiller-2")
        await site.settle()
        assert await site.standing() == {"chiller-2/pump/is-fault": Standing.UNACKNOWLEDGED}


@pytest.mark.parametrize("limit", [0.0, -0.0, 1.0])
def test_a_limit_of_zero_is_said_as_any_other(limit: float) -> None:
    pressure = AlarmLimit(limit=limit, priority=Priority.HIGH)
    wanted = {**PROFILE.alarms, "temperature": PointAlarms(low=pressure)}
    links = chillers("chiller-1", profile=PROFILE.model_copy(update={"alarms": wanted}))
    facts = definition_facts(define(links, Alarms())["chiller-1/temperature/low"])
    assert words(facts, {"value": "-3", "unit": "Cel"}) == f"-3 Cel < {limit:g}"


async def test_the_notice_of_a_lost_link_names_the_devices_on_it(tmp_path: Path) -> None:
    site = AlarmSite(tmp_path, "chiller-1", "chiller-2")
    async with site.running():
        await site.say(system("link/plant", "down"))
        await site.after(10)
        (said,) = filter(None, map(notice_of, site.ports.events))
        assert (said.device, said.devices) == ("gateway", ("chiller-1", "chiller-2"))
