"""The alarms that every gateway has, as `builtin.yaml` lists them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import yaml

from gateway.alarms.definition import Condition, System, Waiting
from gateway.profile import AlarmRule


@dataclass(frozen=True, slots=True)
class BuiltIn:
    """An alarm of the gateway itself, with the rule that holds unless the site wants another."""

    condition: Condition
    rule: AlarmRule


@cache
def link_rule() -> AlarmRule:
    """That a link is down."""
    return AlarmRule.model_validate(_read()["link"])


@cache
def offline_rule() -> AlarmRule:
    """That a device does not answer."""
    return AlarmRule.model_validate(_read()["offline"])


@cache
def system_alarms() -> Mapping[str, BuiltIn]:
    """Those of the gateway itself, by the last part of the alarm's id, `gateway/…`."""
    return {name: _built_in(dict(said)) for name, said in _read()["system"].items()}


def _built_in(said: dict[str, Any]) -> BuiltIn:
    code = said.pop("code", "")
    raises, clears = (frozenset(said.pop(key, ())) for key in ("raises", "clears"))
    condition = System(code, raises, clears) if code else Waiting()
    return BuiltIn(condition, AlarmRule.model_validate(said))


@cache
def _read() -> Mapping[str, Any]:
    text = (files("gateway.alarms") / "builtin.yaml").read_text(encoding="utf-8")
    read: Mapping[str, Any] = yaml.load(text, yaml.CSafeLoader)
    return read
