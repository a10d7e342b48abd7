"""Codes that profiles share: their names, and their unit and kind where a point omits them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import yaml

from gateway.model import Kind, Localized, localize


@dataclass(frozen=True, slots=True)
class Term:
    """A point code and what it means wherever it is used."""

    name: Mapping[str, str]
    unit: str = ""
    kind: Kind = Kind.MEASUREMENT


@cache
def vocabulary() -> Mapping[str, Term]:
    """Every shared code of `vocabulary.yaml`."""
    text = (files("gateway.profile") / "vocabulary.yaml").read_text(encoding="utf-8")
    entries = yaml.load(text, yaml.CSafeLoader)
    return {code: _term(entry) for code, entry in entries.items()}


def point_name(code: str, locale: str, name: Localized = "") -> str:
    """What to call a point: its profile's `name`, else the shared one, else its code."""
    term = vocabulary().get(code)
    return localize(name, locale) or (localize(term.name, locale) if term else code)


def _term(entry: Mapping[str, str]) -> Term:
    names = {language: entry[language] for language in ("zh-CN", "en")}
    return Term(names, entry.get("unit", ""), Kind(entry.get("kind", Kind.MEASUREMENT)))
