"""Two demos that choose at the same moment choose different ports."""

from __future__ import annotations

import socket

import pytest

from gateway.cli import ports
from gateway.cli.ports import claims, is_free
from gateway.errors import IsogateError
from tests.peers import LOOPBACK, free_port


def test_what_one_has_claimed_another_does_not_get_before_it_ends() -> None:
    wanted = free_port()
    with claims() as one:
        assert one.take(wanted) == wanted
        with claims() as other:
            assert other.take(wanted) != wanted
    with claims() as later:
        assert later.take(wanted) == wanted


def test_nobody_gets_a_port_twice() -> None:
    with claims() as mine:
        taken = [mine.take(20_000) for _ in range(50)]
    assert len(set(taken)) == len(taken)


def test_a_port_that_somebody_listens_on_is_not_chosen() -> None:
    with socket.create_server((LOOPBACK, 0)) as server, claims() as mine:
        busy = server.getsockname()[1]
        chosen = mine.take(busy)
        assert chosen != busy
        assert is_free(chosen)


def test_where_nothing_is_left_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = free_port()
    monkeypatch.setattr(ports, "_OTHERS", range(wanted, wanted + 1))
    monkeypatch.setattr(ports, "_TRIES", 1)
    with claims() as mine:
        mine.take(wanted)
        with pytest.raises(IsogateError, match="no free port"):
            mine.take(wanted)
