"""What a link remembers is bounded."""

from __future__ import annotations

from drivers.hl7.memory import Memory


def test_a_control_id_with_other_content_is_noticed_once_and_again() -> None:
    memory = Memory()
    heard = [memory.hear("a", "1", what) for what in (b"x", b"x", b"y", b"y", b"x")]
    assert heard == [False, False, True, False, True]
    assert not memory.hear("b", "1", b"z")
    assert [memory.first_restart("a") for _ in range(2)] == [True, False]


def test_the_oldest_is_forgotten_first() -> None:
    memory = Memory()
    for number in range(5000):
        memory.hear("a", str(number), b"x")
        memory.refuse(str(number).encode())
    assert not memory.hear("a", "0", b"y")
    assert memory.hear("a", "4999", b"y")
    assert [memory.is_refused(what) for what in (b"0", b"4999")] == [False, True]
