"""Mappings as a profile or devices.yaml would say them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gateway.mapping.mapping import CodeMapping, Kept, SenderMapping, UnitMapping
from gateway.profile import NO_UNIT


def fragments(kept: Sequence[Kept]) -> dict[str, dict[str, Any]]:
    """By scope, what to add: `points` and `units` to a profile, `senders` to devices of a link.

    A factor stands under its test's `convert`, which is merged with what the profile has there.
    """
    found: dict[str, dict[str, Any]] = {}
    for each in kept:
        mapping = each.mapping
        here = found.setdefault(mapping.scope, {})
        match mapping:
            case CodeMapping():
                here.setdefault("points", {})[mapping.code] = dict(mapping.point)
            case UnitMapping():
                if mapping.unit == NO_UNIT and not mapping.ucum:
                    here["unit_missing"] = "profile"
                    continue
                here.setdefault("units", {})[mapping.unit] = mapping.ucum
                for test, factor in mapping.convert.items():
                    point = here.setdefault("points", {}).setdefault(test, {})
                    point.setdefault("convert", {})[mapping.ucum] = str(factor)
            case SenderMapping():
                here.setdefault("senders", {})[mapping.device] = mapping.sender
    return found
