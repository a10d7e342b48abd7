from __future__ import annotations

import subprocess
import sys

import pytest

from bench import slow_sync
from bench.__main__ import arguments, main
from tests.peers import require_peer


def test_a_bare_slow_sync_takes_no_name_for_its_milliseconds() -> None:
    chosen = arguments(["--slow-sync", "reload"])
    assert (chosen.slow_sync, chosen.names) == (8.0, ["reload"])


def test_slow_sync_takes_milliseconds() -> None:
    assert arguments(["reload", "--slow-sync=2.5"]).slow_sync == 2.5


def test_an_unknown_name_is_wrong_use(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["no_such_benchmark"])
    assert stopped.value.code == 2
    assert "no_such_benchmark" in capsys.readouterr().err


def test_the_shim_delays_the_syncs_of_a_process() -> None:
    require_peer("cc")
    probe = "from bench import slow_sync; print(slow_sync.verify(slow_sync.requested()))"
    done = subprocess.run(
        [sys.executable, "-c", probe],
        env={**slow_sync.environment(5), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        check=True,
        text=True,
    )
    assert float(done.stdout) >= 5


def test_a_shim_that_adds_nothing_is_found_out() -> None:
    with pytest.raises(slow_sync.ShimError, match="off"):
        slow_sync.verify(10_000)
