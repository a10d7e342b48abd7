"""A sealed database: SQLite's answers as ever, and nothing of them on disk."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import apsw
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import ConfigError, StoreError
from gateway.seal import OVERHEAD, Keyring, suite_named
from gateway.sqlite import open_sealed, reseal
from gateway.sqlite.layout import PAGE, DatabaseLayout, Layout, LogLayout

AES = suite_named("aes-256-gcm")
SM4 = suite_named("sm4-gcm")
NAME = "Zhang San 张三 1970-01-01"
BLOCK = PAGE + OVERHEAD


@pytest.fixture
def ring() -> Keyring:
    return Keyring.fresh(AES, "")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "patients.sqlite"


def fill(connection: apsw.Connection, rows: int = 500) -> None:
    connection.execute("CREATE TABLE IF NOT EXISTS patient(id INTEGER PRIMARY KEY, name TEXT)")
    connection.execute("CREATE INDEX IF NOT EXISTS by_name ON patient(name)")
    with connection:
        names = ((f"{NAME} {number}",) for number in range(rows))
        connection.executemany("INSERT INTO patient(name) VALUES(?)", names)


def count(connection: apsw.Connection) -> int:
    return int(connection.execute("SELECT count(*) FROM patient WHERE name LIKE '%张三%'").get)


def on_disk(path: Path) -> list[Path]:
    return sorted(path.parent.glob(f"{path.name}*"))


@contextmanager
def as_a_crash_leaves_it(path: Path, ring: Keyring, rows: int = 500) -> Iterator[Path]:
    """The file and its log at a moment when they are in use."""
    with closing(open_sealed(path, ring)) as connection:
        fill(connection, rows)
        crashed = path.parent / "crashed"
        crashed.mkdir()
        for each in on_disk(path):
            shutil.copy(each, crashed)
        yield crashed / path.name


def test_nothing_of_it_is_readable_on_disk_while_it_is_open_or_after(
    path: Path, ring: Keyring
) -> None:
    def scan() -> list[str]:
        content = b"".join(each.read_bytes() for each in on_disk(path))
        planted = (b"Zhang", "张三".encode(), b"1970", b"patient", b"CREATE", b"SQLite")
        return [word.decode() for word in planted if word in content]

    with closing(open_sealed(path, ring)) as connection:
        fill(connection)
        assert [each.name for each in on_disk(path)] == ["patients.sqlite", "patients.sqlite-wal"]
        assert scan() == []
        assert count(connection) == 500
        connection.execute("UPDATE patient SET name = name || '!' WHERE id % 2")
        connection.execute("SELECT * FROM patient ORDER BY random()").fetchall()
        assert scan() == []
    assert scan() == []
    with closing(open_sealed(path, ring)) as connection:
        assert count(connection) == 500
        assert connection.pragma("integrity_check") == "ok"


def test_what_was_committed_before_a_crash_is_there(path: Path, ring: Keyring) -> None:
    with as_a_crash_leaves_it(path, ring) as crashed, closing(open_sealed(crashed, ring)) as found:
        assert count(found) == 500
        assert found.pragma("integrity_check") == "ok"


@pytest.mark.parametrize("cut", [1, 30, 300, 5000])
def test_a_log_that_a_crash_cut_short_loses_the_unfinished_commit_alone(
    path: Path, ring: Keyring, cut: int
) -> None:
    with closing(open_sealed(path, ring)) as connection:
        fill(connection, 10)
        log = path.with_name(path.name + "-wal")
        before = log.stat().st_size
        connection.execute("INSERT INTO patient(name) VALUES('张三')")
        whole = log.read_bytes()
        assert len(whole) > before + cut
        crashed = path.parent / "crashed"
        crashed.mkdir()
        shutil.copy(path, crashed)
        (crashed / log.name).write_bytes(whole[:-cut])
    with closing(open_sealed(crashed / path.name, ring)) as found:
        assert count(found) == 10


@pytest.mark.parametrize("place", [0, 2, 40, 4000, BLOCK + 7, 3 * BLOCK - 1])
def test_a_changed_byte_is_refused(path: Path, ring: Keyring, place: int) -> None:
    with closing(open_sealed(path, ring)) as connection:
        fill(connection)
    data = bytearray(path.read_bytes())
    data[place] ^= 1
    path.write_bytes(data)
    with pytest.raises((StoreError, ConfigError)), closing(open_sealed(path, ring)) as connection:
        connection.pragma("integrity_check")


def test_pages_that_changed_places_are_refused(path: Path, ring: Keyring) -> None:
    with closing(open_sealed(path, ring)) as connection:
        fill(connection)
    data = path.read_bytes()
    second, third = data[BLOCK : 2 * BLOCK], data[2 * BLOCK : 3 * BLOCK]
    path.write_bytes(data[:BLOCK] + third + second + data[3 * BLOCK :])
    with (
        pytest.raises(StoreError, match="moved on disk"),
        closing(open_sealed(path, ring)) as connection,
    ):
        count(connection)


def test_a_file_of_another_name_is_refused(path: Path, ring: Keyring) -> None:
    with closing(open_sealed(path, ring)) as connection:
        fill(connection, 1)
    other = path.rename(path.with_name("orders.sqlite"))
    with pytest.raises(StoreError, match="moved on disk"):
        open_sealed(other, ring)


@pytest.mark.parametrize("content", [b"x", b"SQLite format 3\0" * 1000, b"nonsense" * 2000])
def test_another_kind_of_file_is_refused_and_left_alone(
    path: Path, ring: Keyring, content: bytes
) -> None:
    path.write_bytes(content)
    with pytest.raises(StoreError, match="not a sealed database"):
        open_sealed(path, ring)
    assert path.read_bytes() == content


def test_a_second_connection_is_refused(path: Path, ring: Keyring) -> None:
    with closing(open_sealed(path, ring)) as connection:
        fill(connection, 1)
        with pytest.raises(apsw.BusyError):
            open_sealed(path, ring)


def test_resealing_leaves_no_page_under_the_old_key(path: Path, ring: Keyring) -> None:
    with closing(open_sealed(path, ring)) as connection:
        fill(connection)
        assert connection.keys() == {1}
        ring.adopt(ring.rotated(SM4, ""))
        connection.execute("DELETE FROM patient WHERE id = 1")
        assert connection.keys() == {1, 2}
    reseal(path, ring)
    ring.adopt(ring.without(1))
    with closing(open_sealed(path, ring)) as connection:
        assert connection.keys() == {2}
        assert count(connection) == 499
        assert connection.pragma("integrity_check") == "ok"


def test_resealing_takes_in_the_log_of_a_crash(path: Path, ring: Keyring) -> None:
    with as_a_crash_leaves_it(path, ring, 50) as crashed:
        ring.adopt(ring.rotated(AES, ""))
        reseal(crashed, ring)
        with closing(open_sealed(crashed, ring)) as found:
            assert found.keys() == {2}
            assert count(found) == 50


def test_a_copy_is_what_was_committed_until_then(path: Path, ring: Keyring) -> None:
    copy = path.parent / "copy" / path.name
    copy.parent.mkdir()
    with closing(open_sealed(path, ring)) as connection:
        fill(connection, 300)
        connection.save(copy)
        fill(connection, 300)
        assert count(connection) == 600
    with closing(open_sealed(copy, ring)) as found:
        assert count(found) == 300
        assert found.pragma("integrity_check") == "ok"


@given(st.lists(st.tuples(st.integers(0, 40), st.booleans(), st.booleans()), max_size=30))
def test_sealed_and_plain_answer_alike(steps: list[tuple[int, bool, bool]]) -> None:
    with (
        closing(apsw.Connection(":memory:")) as plain,
        tempfile.TemporaryDirectory() as folder,
    ):
        path, ring = Path(folder, "t.sqlite"), Keyring.fresh(AES, "")
        sealed = open_sealed(path, ring)
        for each in (plain, sealed):
            each.execute("CREATE TABLE t(a INTEGER PRIMARY KEY, b)")
        for number, insert, reopen in steps:
            sql = (
                "INSERT OR REPLACE INTO t VALUES(?1, zeroblob(?1 * 700))"
                if insert
                else "DELETE FROM t WHERE a < ?1"
            )
            plain.execute(sql, (number,))
            sealed.execute(sql, (number,))
            if reopen:
                sealed.close()
                sealed = open_sealed(path, ring)
        question = "SELECT a, length(b) FROM t ORDER BY a"
        assert sealed.execute(question).fetchall() == plain.execute(question).fetchall()
        sealed.close()


@pytest.mark.parametrize("layout", [DatabaseLayout(), LogLayout()], ids=["database", "log"])
@given(offset=st.integers(0, 1 << 40))
def test_parts_follow_each_other_without_a_gap(layout: Layout, offset: int) -> None:
    part = layout.part(offset)
    assert part.start <= offset < part.start + part.size
    following = layout.part(part.start + part.size)
    assert following.start == part.start + part.size
    assert following.at == part.at + part.size + OVERHEAD
    assert layout.size(following.at) == following.start
    assert layout.size(following.at - 1) == part.start
