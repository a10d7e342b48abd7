"""A disk that refuses: acknowledgements are withheld, said aloud, and given again by itself."""

from __future__ import annotations

import os
import resource
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.acceptance.live import Api, SiteFolder
from tests.acceptance.load import DEVICES, Sender, site
from tests.peers import Broker, free_port, require_peer, require_root, wait_until

pytestmark = [pytest.mark.acceptance, pytest.mark.quiet, pytest.mark.peer]

SIZE = 160 * 1024 * 1024
SMALL = {"store": {"min_free": "1 MB"}}


@contextmanager
def tiny_disk(place: Path) -> Iterator[Path]:
    """A file system of 160 MiB in memory: above what the store holds free, and soon filled."""
    require_root("a file system of its own")
    place.mkdir()
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs", place],
        capture_output=True,
        check=False,
    )
    if made.returncode != 0:
        pytest.skip(f"NOT TESTED, this machine mounts nothing: {made.stderr.decode()}")
    try:
        yield place
    finally:
        subprocess.run(["umount", place], check=True)


def numbers(api: Api, device: str) -> list[int]:
    return sorted(int(event["value"]) for event in api.events(device) if event["code"] == "n")


def readiness(api: Api) -> tuple[int, str]:
    response = api.client.get("/readyz")
    return response.status_code, response.text


def refused_and_recovered(
    folder: SiteFolder, broker: Broker, refuse: Callable[[int], Callable[[], None]]
) -> None:
    """`refuse` takes the disk away from a process and returns how to give it back."""
    sender = Sender(broker, rate=50)
    with folder.gateway() as process, Api.of(folder.data) as api:
        folder.wait_ready(api, process, within=30)
        wait_until(lambda: api.links_up("sensors"), within=30, what="the subscription")
        with sender.sending():
            wait_until(
                lambda: len(numbers(api, DEVICES[0])) > 5, within=30, what="the first events"
            )
            give_back = refuse(process.pid)
            wait_until(lambda: not api.is_ready(), within=30, what="/readyz to say no")
            status, words = readiness(api)
            assert status == 503
            assert "reason" in words or "detail" in words
            sent = len(sender.acknowledged[DEVICES[0]])
            wait_until(
                lambda: len(sender.acknowledged[DEVICES[0]]) > sent + 20,
                within=30,
                what="more to be sent meanwhile",
            )
            # A reading of events is audited, and what can't be audited is not done.
            with pytest.raises(httpx.HTTPStatusError, match="503"):
                numbers(api, DEVICES[0])
            give_back()
            wait_until(api.is_ready, within=30, what="/readyz to say yes again")
        for device in DEVICES:
            wanted = sorted(sender.acknowledged[device])
            wait_until(
                lambda device=device, wanted=wanted: len(numbers(api, device)) >= len(wanted),  # type: ignore[misc]
                within=60,
                what="everything that the broker kept",
            )
            assert numbers(api, device) == wanted
        assert process.poll() is None


def trial(broker: Broker) -> dict[str, Any]:
    return {**site(broker, meters=free_port()), **SMALL}


def test_a_full_disk_withholds_acknowledgements_until_there_is_room(
    tmp_path: Path, broker: Broker
) -> None:
    with tiny_disk(tmp_path / "disk") as disk:
        folder = SiteFolder.write(disk / "site", trial(broker))
        ballast = disk / "ballast"

        def fill(_pid: int) -> Callable[[], None]:
            with ballast.open("wb", buffering=0) as file:
                try:
                    while file.write(bytes(65536)):
                        pass
                except OSError:
                    pass
            return ballast.unlink

        refused_and_recovered(folder, broker, fill)


def test_a_disk_that_refuses_every_write_does_the_same(tmp_path: Path, broker: Broker) -> None:
    folder = SiteFolder.write(tmp_path / "site", trial(broker))

    def forbid(pid: int) -> Callable[[], None]:
        soft, hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (0, hard))
        return lambda: restore(pid, soft, hard)

    def restore(pid: int, soft: int, hard: int) -> None:
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (soft, hard))

    refused_and_recovered(folder, broker, forbid)


def test_a_directory_that_can_not_be_written_is_named_at_the_start(
    tmp_path: Path, broker: Broker
) -> None:
    folder = SiteFolder.write(tmp_path / "site", trial(broker))
    folder.data.mkdir()
    folder.data.chmod(0o500)
    powerless: tuple[str | Path, ...] = ()
    if os.geteuid() == 0:
        powerless = (require_peer("setpriv"), "--bounding-set=-all", "--inh-caps=-all")
    with folder.gateway(before=powerless) as process:
        assert process.wait(30) in {4, 5}
    assert str(folder.data) in folder.log.read_text()
    assert "Traceback" not in folder.log.read_text()
