from __future__ import annotations

from pathlib import Path

from gateway.cli.distributions import foreign_files


def install(home: Path, name: str, *files: str) -> None:
    info = home / f"{name}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    (info / "RECORD").write_text("".join(f"{file},,\n" for file in files))


def test_no_installed_distribution_owns_a_file_of_ours() -> None:
    assert [str(file) for file in foreign_files()] == []


def test_a_stranger_in_our_packages_is_found(tmp_path: Path) -> None:
    install(tmp_path, "oldimages", "dicom/__init__.py", "dicom/tag.py", "other/__init__.py")
    found = foreign_files([str(tmp_path)])
    assert [(file.distribution, file.path) for file in found] == [
        ("oldimages", "dicom/__init__.py"),
        ("oldimages", "dicom/tag.py"),
    ]


def test_a_module_with_our_name_is_found_too(tmp_path: Path) -> None:
    install(tmp_path, "single", "drivers.py")
    assert [file.path for file in foreign_files([str(tmp_path)])] == ["drivers.py"]


def test_our_own_files_and_like_names_are_fine(tmp_path: Path) -> None:
    install(tmp_path, "isogate", "gateway/__init__.py")
    install(tmp_path, "neighbour", "gateway_client/__init__.py", "bin/gateway")
    assert foreign_files([str(tmp_path)]) == []
