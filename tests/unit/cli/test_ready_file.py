from __future__ import annotations

import json
import stat
from pathlib import Path

from gateway.cli.ready_file import ReadyFile


def test_it_appears_whole_and_only_for_its_owner(tmp_path: Path) -> None:
    path = tmp_path / "demo.json"
    with ReadyFile(path) as ready:
        assert not path.exists()
        ready.write({"url": "http://127.0.0.1:8080/"})
        assert json.loads(path.read_text()) == {"url": "http://127.0.0.1:8080/"}
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert list(tmp_path.iterdir()) == [path]


def test_it_is_gone_at_the_end(tmp_path: Path) -> None:
    path = tmp_path / "demo.json"
    with ReadyFile(path) as ready:
        ready.write({})
    assert not path.exists()


def test_what_a_killed_run_left_does_not_look_ready(tmp_path: Path) -> None:
    path = tmp_path / "demo.json"
    path.write_text("{}")
    with ReadyFile(path):
        assert not path.exists()
