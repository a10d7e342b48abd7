"""What every test may ask for."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.dicom_ups_clients import Pynetdicom, UpsClient, dcmjs
from tests.peers import Broker, Say, full_run, mosquitto

# The quick run tries the same examples everywhere, so that what passes here passes there; the full
# run looks for new ones.
settings.register_profile("quick", deadline=None, max_examples=50, derandomize=True)
settings.register_profile(
    "full", deadline=None, max_examples=1000, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("full" if full_run() else "quick")


@pytest.fixture(autouse=True)
def usual_umask() -> Iterator[None]:
    """A command that runs within a test closes what its process writes; not what later tests do."""
    before = os.umask(0o022)
    os.umask(before)
    yield
    os.umask(before)


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    """A private Mosquitto for one test."""
    with mosquitto(tmp_path / "broker") as running:
        yield running


@pytest.fixture(scope="module", params=["pynetdicom", "dcmjs-dimse"])
def ups_client(request: pytest.FixtureRequest) -> Iterator[UpsClient]:
    """Each of two DICOM libraries that have nothing in common but the standard."""
    if request.param == "pynetdicom":
        yield Pynetdicom()
        return
    with dcmjs() as client:
        yield client


@pytest.fixture
def say(request: pytest.FixtureRequest) -> Say:
    """Say something about this test in the run's summary."""

    def note(text: str) -> None:
        request.node.user_properties.append(("said", text))

    return note


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say at the end what tests measured and, loudly, what a missing program left untested."""
    said = [
        f"{report.nodeid}: {text}"
        for reports in terminalreporter.stats.values()
        for report in reports
        if isinstance(report, pytest.TestReport) and report.when == "call"
        for name, text in report.user_properties
        if name == "said"
    ]
    if said:
        terminalreporter.section("said by tests")
        terminalreporter.write_line("\n".join(said))
    skipped = [
        str(report.longrepr[2])
        for report in terminalreporter.stats.get("skipped", [])
        if isinstance(report.longrepr, tuple) and "NOT TESTED" in str(report.longrepr[2])
    ]
    if skipped:
        terminalreporter.section("not tested: programs are missing", red=True, bold=True)
        for reason in sorted(set(skipped)):
            terminalreporter.line(f"{skipped.count(reason)} tests: {reason}")
