from __future__ import annotations

from gateway.security.bucket import Buckets
from gateway.security.throttle import Throttle
from gateway.testing import ManualClock


def test_the_first_failures_are_free_and_each_later_one_closes_twice_as_long() -> None:
    clock = ManualClock()
    throttle = Throttle(clock, free=3, first=2, longest=60)
    assert [throttle.failed("wang") for _ in range(3)] == [0, 0, 0]
    waits = []
    for _ in range(7):
        waits.append(throttle.failed("wang"))
        clock.advance(waits[-1])
        assert throttle.closed_for("wang") == 0
    assert waits == [2, 4, 8, 16, 32, 60, 60]


def test_keys_do_not_share_their_failures_and_a_success_forgets() -> None:
    throttle = Throttle(ManualClock(), free=0, first=10, longest=60)
    throttle.failed("wang")
    assert throttle.closed_for("wang") == 10
    assert throttle.closed_for("li") == 0
    throttle.forget("wang")
    assert throttle.closed_for("wang") == 0


def test_a_day_forgets() -> None:
    clock = ManualClock()
    throttle = Throttle(clock, free=1, first=10, longest=60)
    throttle.failed("wang")
    clock.advance(86_401)
    assert throttle.failed("wang") == 0


def test_a_wait_is_told_in_whole_seconds_rounded_up() -> None:
    clock = ManualClock()
    throttle = Throttle(clock, free=0, first=10, longest=60)
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
