"""What shipped profiles make of flags that are arrows."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

import drivers

SHIPPED = sorted(Path(drivers.__file__).parent.glob("*/profiles/*.yaml"))
FLAGS = {path.stem: yaml.safe_load(path.read_text("utf-8")).get("flags", {}) for path in SHIPPED}


@pytest.mark.parametrize("name", [name for name, flags in FLAGS.items() if "↑" in flags])
def test_two_arrows_are_critical_where_one_is_abnormal(name: str) -> None:
    critical = {"↑↑": "HH", "↓↓": "LL", "危": "AA"}
    assert {flag: FLAGS[name].get(flag) for flag in critical} == critical
