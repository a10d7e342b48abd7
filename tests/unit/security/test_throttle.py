from __future__ import annotations

from gateway.security.bucket import Buckets
from gateway.security.places import Places
from gateway.security.throttle import Throttle
from gateway.testing import ManualClock


def test_the_first_failures_are_free_and_each_later_one_closes_twice_as_long() -> None:
    clock = ManualClock()
    throttle = Throttle[str](clock, free=3, first=2, longest=60)
    assert [throttle.failed("wang") for _ in range(3)] == [0, 0, 0]
    waits = []
    for _ in range(7):
        waits.append(throttle.failed("wang"))
        clock.advance(waits[-1])
        assert throttle.closed_for("wang") == 0
    assert waits == [2, 4, 8, 16, 32, 60, 60]


def test_keys_do_not_share_their_failures_and_a_success_forgets() -> None:
    throttle = Throttle[str](ManualClock(), free=0, first=10, longest=60)
    throttle.failed("wang")
    assert throttle.closed_for("wang") == 10
    assert throttle.closed_for("li") == 0
    throttle.forget("wang")
    assert throttle.closed_for("wang") == 0


def test_each_hour_forgets_one_failure_also_while_others_follow() -> None:
    clock = ManualClock()
    throttle = Throttle[str](clock, free=1, first=10, longest=60)
    for _ in range(48):
        assert throttle.failed("wang") == 0
        clock.advance(3600)
    for remembered in (1, 2, 3, 4):
        throttle.failed("wang")
        clock.advance(600)
        assert throttle.failures("wang") == remembered
    clock.advance(3600)
    assert throttle.failures("wang") == 3


def test_failures_that_were_mistakes_are_taken_back() -> None:
    throttle = Throttle[str](ManualClock(), free=2, first=10, longest=60)
    for _ in range(4):
        throttle.failed("ward")
    throttle.take_back("ward", 1)
    assert (throttle.failures("ward"), throttle.closed_for("ward")) == (3, 20)
    throttle.take_back("ward", 1)
    assert (throttle.failures("ward"), throttle.closed_for("ward")) == (2, 0)
    throttle.take_back("ward", 9)
    assert throttle.failures("ward") == 0
    throttle.take_back("ward", 1)


def test_very_many_keys_push_out_the_oldest() -> None:
    throttle = Throttle[int](ManualClock(), free=0, first=10, longest=60)
    for key in range(50_001):
        throttle.failed(key)
    assert (throttle.failures(0), throttle.failures(1)) == (0, 1)


def test_the_last_eight_networks_of_an_account_are_known() -> None:
    places = Places()
    for n in (*range(8), 0, 8):
        places.note("wang", f"10.0.0.{n}")
    known = [n for n in range(9) if places.know("wang", f"10.0.0.{n}")]
    assert known == [0, 2, 3, 4, 5, 6, 7, 8]
    assert not places.know("li", "10.0.0.0")


def test_a_wait_is_told_in_whole_seconds_rounded_up() -> None:
    clock = ManualClock()
    throttle = Throttle[str](clock, free=0, first=10, longest=60)
    throttle.failed("wang")
    clock.advance(9.5)
    assert throttle.closed_for("wang") == 1


def test_a_bucket_gives_its_burst_and_then_its_rate() -> None:
    now = [0.0]
    buckets = Buckets(rate=2, burst=3, seconds=lambda: now[0])
    assert [buckets.take("a") for _ in range(4)] == [0, 0, 0, 0.5]
    assert buckets.take("b") == 0
    now[0] = 0.5
    assert buckets.take("a") == 0
    assert buckets.take("a") > 0
    now[0] = 1000
    assert [buckets.take("a") for _ in range(4)] == [0, 0, 0, 0.5]
