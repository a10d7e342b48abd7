"""The herald passes things on in the order in which they were given to it."""

from __future__ import annotations

import threading

from gateway.store.herald import Herald


def test_what_is_told_now_does_not_overtake_what_is_on_its_way() -> None:
    told: list[int] = []
    busy, go = threading.Event(), threading.Event()

    def tell(thing: int) -> None:
        if thing == 1:
            busy.set()
            assert go.wait(10)
        told.append(thing)

    herald = Herald(tell)
    herald.start()
    herald.tell(1)
    assert busy.wait(10)
    herald.tell_now(2)
    assert told == []
    go.set()
    herald.stop()
    assert told == [1, 2]


def test_what_is_told_now_is_passed_on_at_once_if_nothing_is_before_it() -> None:
    told: list[int] = []
    herald = Herald(told.append)
    herald.tell_now(1)
    assert told == [1]
