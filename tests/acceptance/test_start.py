"""What a person is told when a gateway can't start."""

from __future__ import annotations

import socket
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.acceptance

SITE = """\
site: {{id: one, name: One, time_zone: UTC, locale: en}}
listeners: {{http: {{port: {port}}}}}
"""


def test_a_port_in_use_is_one_sentence(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        (tmp_path / "site.yaml").write_text(SITE.format(port=port))
        command = [sys.executable, "-m", "gateway", "run", "site.yaml", "--data", "data"]
        done = subprocess.run(
            command, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False
        )
    assert done.returncode == 5
    said = [line for line in done.stderr.splitlines() if line]
    assert said == [
        f"can't listen on 127.0.0.1:{port}: Address already in use; free the port or choose another"
    ]
