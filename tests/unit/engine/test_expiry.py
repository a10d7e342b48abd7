"""A certificate of ours that ends soon is said once, and so is that another one took its place."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gateway.app.expiry import Expiry, certificates_in
from gateway.model import from_datetime
from gateway.testing import ManualClock
from tests.integration.test_tls import write_pair


def watching(files: Callable[[], list[Path]]) -> tuple[Expiry, list[tuple[str, str, str]]]:
    said: list[tuple[str, str, str]] = []
    clock = ManualClock(from_datetime(datetime.now(UTC)))
    return Expiry(files, clock, lambda *each: said.append(each)), said


@pytest.mark.parametrize(
    ("days", "standing"), [(90, "valid"), (20, "expires-soon"), (0, "expired")]
)
def test_the_worst_certificate_says_how_they_stand(
    tmp_path: Path, days: int, standing: str
) -> None:
    (tmp_path / "good").mkdir()
    good = write_pair(tmp_path / "good", "good", days=400)
    files = write_pair(tmp_path, "first", days=days)
    expiry, said = watching(lambda: [good.certificate, files.certificate])
    for _ in range(2):
        expiry.look()
    ((code, word, detail),) = said
    assert (code, word) == ("certificate", standing)
    assert (str(files.certificate) in detail) is (standing != "valid")


def test_a_new_certificate_clears_what_was_said(tmp_path: Path) -> None:
    files = write_pair(tmp_path, "first", days=5)
    expiry, said = watching(lambda: [files.certificate])
    expiry.look()
    write_pair(tmp_path, "second", days=300)
    expiry.look()
    assert [word for _, word, _ in said] == ["expires-soon", "valid"]


def test_a_site_without_certificates_and_one_that_can_not_be_read_say_nothing_is_wrong(
    tmp_path: Path,
) -> None:
    expiry, said = watching(list)
    expiry.look()
    assert said == []
    (tmp_path / "broken.pem").write_text("no certificate")
    expiry, said = watching(lambda: [tmp_path / "broken.pem", tmp_path / "missing.pem"])
    expiry.look()
    assert [word for _, word, _ in said] == ["valid"]


def test_certificates_are_found_wherever_a_site_names_one_with_its_key() -> None:
    pair = {"certificate": "a.pem", "key": "a.key"}
    plain = {
        "listeners": {"http": {"tls": pair}},
        "links": {"his": {"transport": {"tls": {"certificate": "b.pem", "key": "b.key"}}}},
        "dicom": {"listeners": [{"tls": {"certificate": "c.pem", "key": "c.key"}}]},
        "notify": {"mail": {"ca": "authority.pem"}},
        "profiles": {"x": {"points": {"certificate": {"unit": "1"}}}},
    }
    assert [str(file) for file in certificates_in(plain)] == ["a.pem", "b.pem", "c.pem"]
