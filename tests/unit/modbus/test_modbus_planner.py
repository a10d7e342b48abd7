from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from drivers.modbus.planner import Block, Hole, between, block, plan, probes
from drivers.modbus.profile import Order, Place, Table, Type


def at(*starts: int, count: int = 1, table: Table = Table.HOLDING) -> list[Place]:
    type_ = {1: Type.UINT16, 2: Type.FLOAT32, 4: Type.FLOAT64}[count]
    return [Place(table, start, count, type_, Order.ABCD) for start in starts]


def spans(blocks: tuple[Block, ...]) -> list[tuple[int, int]]:
    return [(block.at, block.end) for block in blocks]


def test_neighbours_share_a_request() -> None:
    assert spans(plan(at(0, 2, 4, count=2))) == [(0, 6)]


def test_a_gap_is_read_over_only_as_far_as_the_profile_allows() -> None:
    assert spans(plan(at(0, 5))) == [(0, 1), (5, 6)]
    assert spans(plan(at(0, 5), gap=4)) == [(0, 6)]
    assert spans(plan(at(0, 6), gap=4)) == [(0, 1), (6, 7)]


def test_a_request_keeps_to_the_limit_and_splits_no_value() -> None:
    assert spans(plan(at(*range(0, 300, 2), count=2))) == [(0, 124), (124, 248), (248, 300)]
    assert spans(plan(at(0, 2, 4, count=2), limit=5)) == [(0, 4), (4, 6)]


def test_bits_may_fill_a_longer_request() -> None:
    blocks = plan(at(*range(2001), table=Table.COIL), limit=10)
    assert spans(blocks) == [(0, 2000), (2000, 2001)]
    assert [block.size for block in blocks] == [250, 1]


def test_tables_are_asked_by_their_own_function() -> None:
    places = [place for table in Table for place in at(7, table=table)]
    asked = {(b.table, b.request.hex(" "), b.size) for b in plan(places, offset=0x100)}
    assert asked == {
        (Table.COIL, "01 01 07 00 01", 1),
        (Table.DISCRETE, "02 01 07 00 01", 1),
        (Table.HOLDING, "03 01 07 00 01", 2),
        (Table.INPUT, "04 01 07 00 01", 2),
    }


def test_what_is_in_a_hole_is_not_asked_and_not_read_over() -> None:
    hole = Hole(Table.HOLDING, 2, 3)
    assert spans(plan(at(0, 1, 2, 3, 4), gap=5, holes=frozenset({hole}))) == [(0, 2), (3, 5)]


def test_a_hole_in_one_table_is_none_in_another() -> None:
    hole = Hole(Table.INPUT, 0, 9)
    assert spans(plan(at(0, 1), holes=frozenset({hole}))) == [(0, 2)]


def test_a_border_that_a_device_does_not_read_across_parts_two_blocks() -> None:
    left, right = block(tuple(at(0, 1))), block(tuple(at(2, 3)))
    border = between(left, right)
    assert border == Hole(Table.HOLDING, 2, 2)
    assert spans(plan(at(0, 1, 2, 3), holes=frozenset({border}))) == [(0, 2), (2, 4)]


def test_a_refused_block_is_halved_down_to_one_place() -> None:
    whole = block(tuple(at(0, 1, 9)), offset=100)
    halves = whole.split()
    assert halves is not None
    assert spans(halves) == [(0, 1), (1, 10)]
    assert halves[1].request == bytes.fromhex("03 00 65 00 09")
    assert halves[0].split() is None
    assert halves[0].hole == Hole(Table.HOLDING, 0, 1)


def test_replies_to_probes_can_be_taken_for_no_others() -> None:
    blocks = plan([*at(0, 2, 4, 6, count=2), *at(50, 52, count=2)])
    found = probes(blocks)
    assert spans(found) == [(0, 2), (0, 6)]
    assert {probe.size for probe in found}.isdisjoint({b.size for b in blocks})


def test_blocks_of_one_value_leave_nothing_to_probe_with() -> None:
    assert probes(plan(at(0, 10, 20))) == ()


@st.composite
def tables(draw: st.DrawFn) -> list[Place]:
    """Places that do not overlap, in some order."""
    places, end = [], 0
    for count, space in draw(
        st.lists(st.tuples(st.sampled_from([1, 2, 4]), st.integers(0, 60)), max_size=60)
    ):
        places += at(end + space, count=count)
        end += space + count
    return draw(st.permutations(places))


@given(tables(), st.integers(0, 40), st.integers(4, 125))
def test_every_place_is_brought_once_within_gap_and_limit(
    places: list[Place], gap: int, limit: int
) -> None:
    blocks = plan(places, gap=gap, limit=limit)
    assert [place for block in blocks for place in block.places] == sorted(places)
    for asked in blocks:
        assert asked.end - asked.at <= limit
        for one, other in pairwise(asked.places):
            assert other.at - one.end <= gap


@given(tables(), st.data())
def test_no_request_touches_a_hole(places: list[Place], data: st.DataObject) -> None:
    missing = data.draw(st.lists(st.sampled_from(places), unique=True) if places else st.just([]))
    holes = frozenset(block((place,)).hole for place in missing)
    blocks = plan(places, gap=125, holes=holes)
    for asked in blocks:
        assert not any(asked.at < hole.end and hole.start < asked.end for hole in holes)
    kept = [place for asked in blocks for place in asked.places]
    assert kept == sorted(set(places) - set(missing))
