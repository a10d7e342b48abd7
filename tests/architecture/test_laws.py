"""Each law of import bites: a tree that breaks one is refused by the contract of that law."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LAYERS = (
    *("cli", "app", "api", "console", "alarms", "energy", "patients", "schedule", "security"),
    *("mapping", "notify", "papers", "backup"),
    *("audit", "timekeeping", "web", "supervisor", "registry", "normalizer", "store", "keys"),
    *("config", "driver", "projection", "seal", "sqlite", "transport", "profile", "room"),
    *("model", "errors", "testing"),
)
OTHERS = (
    *("drivers.modbus", "drivers.mqtt", "dicom.services", "dicom.node"),
    *("tps_bridge.plans", "queue_display.boards", "simulators.modbus"),
)


def module_file(home: Path, module: str) -> Path:
    return home.joinpath(*module.split(".")) / "__init__.py"


def plant(home: Path) -> None:
    for module in (*(f"gateway.{layer}" for layer in LAYERS), *OTHERS):
        file = module_file(home, module)
        file.parent.mkdir(parents=True)
        file.touch()
        (file.parents[1] / "__init__.py").touch()
    shutil.copy(ROOT / ".importlinter", home)


def lint(home: Path, module: str = "", statement: str = "") -> str:
    """What import-linter says of a well-made tree with one import added; empty if all is well."""
    plant(home)
    if module:
        module_file(home, module).write_text(f"{statement}\n")
    done = subprocess.run(
        [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"],
        cwd=home,
        env={"PYTHONPATH": str(home), "PATH": "/usr/bin:/bin", "COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=False,
    )
    return "" if done.returncode == 0 else done.stdout + done.stderr


@pytest.mark.parametrize(
    ("module", "statement"),
    [
        ("", ""),
        ("drivers.modbus", "from gateway import Reading\nfrom gateway.room import Room"),
        ("gateway.app", "import drivers.modbus, dicom.node, tps_bridge.plans"),
        ("gateway.cli", "import queue_display.boards"),
        ("tps_bridge.plans", "from dicom.services import Store"),
        ("gateway.model", "import dataclasses, datetime"),
        ("queue_display.boards", "import gateway.patients"),
    ],
)
def test_what_the_laws_allow_passes(tmp_path: Path, module: str, statement: str) -> None:
    assert lint(tmp_path, module, statement) == ""


@pytest.mark.parametrize(
    ("law", "module", "statement"),
    [
        ("1. ", "gateway.model", "import gateway.store"),
        ("1. ", "gateway.api", "import gateway.console"),
        ("1b. ", "gateway.app", "import gateway.testing"),
        ("2. ", "drivers.modbus", "import gateway.store"),
        ("2. ", "drivers.modbus", "import gateway.model"),
        ("2. ", "dicom.node", "import gateway.app"),
        ("3a. ", "queue_display.boards", "import drivers.mqtt"),
        ("3b. ", "tps_bridge.plans", "import dicom.node"),
        ("3c. ", "dicom.node", "import tps_bridge.plans"),
        ("4. ", "gateway.alarms", "import drivers.modbus"),
        ("4. ", "gateway.store", "import dicom.node"),
        ("5a. ", "simulators.modbus", "import drivers.modbus"),
        ("5b. ", "gateway.cli", "import simulators.modbus"),
        ("6. ", "gateway.model", "import asyncio"),
        ("6. ", "gateway.errors", "import pydantic"),
        ("7. ", "drivers.modbus", "import drivers.mqtt"),
    ],
)
def test_what_a_law_forbids_is_refused(
    tmp_path: Path, law: str, module: str, statement: str
) -> None:
    found = lint(tmp_path, module, statement)
    broken = [row for row in found.splitlines() if row.startswith(law) and "BROKEN" in row]
    assert broken, found


def test_a_new_package_in_the_gateway_needs_a_layer(tmp_path: Path) -> None:
    file = module_file(tmp_path, "gateway.utils")
    file.parent.mkdir(parents=True)
    file.touch()
    assert "utils" in lint(tmp_path)
