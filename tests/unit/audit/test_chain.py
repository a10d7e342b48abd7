"""Whoever lacks the key leaves a trace, whatever is done to the entries."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.audit.chain import START, Breach, Chain, Row

KEY = b"k" * 32


def chained(*facts: tuple[str, bytes], key: bytes = KEY) -> list[Row]:
    rows: list[Row] = []
    before = START
    for seq, (who, body) in enumerate(facts, 1):
        row = Row(seq, 1000 + seq, who, "results.read", "success", b"", body, b"")
        before = Chain(key).mac(before, row)
        rows.append(row._replace(mac=before))
    return rows


def found(rows: list[Row]) -> list[tuple[Breach, int]]:
    return [(each.breach, each.seq) for each in Chain(KEY).walk(rows)]


@given(st.lists(st.tuples(st.text(max_size=5), st.binary(max_size=9)), max_size=12))
def test_an_untouched_chain_is_whole(facts: list[tuple[str, bytes]]) -> None:
    assert found(chained(*facts)) == []


TAMPERING: dict[str, tuple[Callable[[list[Row]], list[Row]], list[tuple[Breach, int]]]] = {
    "a body": (
        lambda rows: [*rows[:2], rows[2]._replace(body=b"x"), *rows[3:]],
        [(Breach.CHANGED, 3)],
    ),
    "who": (lambda rows: [rows[0]._replace(who="b"), *rows[1:]], [(Breach.CHANGED, 1)]),
    "when": (lambda rows: [*rows[:4], rows[4]._replace(at=0)], [(Breach.CHANGED, 5)]),
    "the outcome": (
        lambda rows: [*rows[:1], rows[1]._replace(outcome="refused"), *rows[2:]],
        [(Breach.CHANGED, 2)],
    ),
    "whom it is about": (
        lambda rows: [*rows[:1], rows[1]._replace(patient=b"7"), *rows[2:]],
        [(Breach.CHANGED, 2)],
    ),
    "one is removed": (
        lambda rows: [*rows[:2], *rows[3:]],
        [(Breach.MISSING, 3), (Breach.CHANGED, 4)],
    ),
    "the first is removed": (
        lambda rows: rows[1:],
        [(Breach.MISSING, 1), (Breach.CHANGED, 2)],
    ),
    "removed and numbered anew": (
        lambda rows: [row._replace(seq=seq) for seq, row in enumerate([*rows[:2], *rows[3:]], 1)],
        [(Breach.CHANGED, 3), (Breach.CHANGED, 4)],
    ),
    "two change places": (
        lambda rows: [
            rows[0],
            rows[2]._replace(seq=2),
            rows[1]._replace(seq=3),
            *rows[3:],
        ],
        [(Breach.CHANGED, 2), (Breach.CHANGED, 3), (Breach.CHANGED, 4)],
    ),
    "one is forged under another key": (
        lambda rows: [
            *rows,
            Row(6, 0, "x", "a", "success", b"", b"", b"")._replace(
                mac=Chain(b"o" * 32).mac(
                    rows[-1].mac, Row(6, 0, "x", "a", "success", b"", b"", b"")
                )
            ),
        ],
        [(Breach.CHANGED, 6)],
    ),
}


@pytest.mark.parametrize("what", TAMPERING)
def test_what_was_done_is_found_at_its_place(what: str) -> None:
    tamper, expected = TAMPERING[what]
    rows = chained(*((f"person:{n}", b"body") for n in range(5)))
    assert found(tamper(rows)) == expected


@given(st.integers(0, 4), st.integers(0, 7), st.data())
def test_no_single_change_of_a_column_goes_unseen(
    place: int, column: int, data: st.DataObject
) -> None:
    rows = chained(*((f"person:{n}", b"body") for n in range(5)))
    old = rows[place][column]
    new: object
    match old:
        case int():
            new = data.draw(st.integers(0, 2**40).filter(lambda number: number != old))
        case str():
            new = data.draw(st.text(max_size=30).filter(lambda text: text != old))
        case _:
            new = data.draw(st.binary(max_size=40).filter(lambda some: some != old))
    values: list[Any] = list(rows[place])
    values[column] = new
    assert found([*rows[:place], Row(*values), *rows[place + 1 :]]) != []


def test_no_two_entries_read_alike() -> None:
    one = Row(1, 1, "ab", "c", "success", b"", b"d", b"")
    other = Row(1, 1, "a", "bc", "success", b"", b"d", b"")
    assert Chain(KEY).mac(START, one) != Chain(KEY).mac(START, other)
