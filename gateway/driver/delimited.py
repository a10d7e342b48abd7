"""Fields, repeats and components of delimited text, as parts. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from gateway.driver.part import Part, Stretch
from gateway.model import Localized


def labelled(name: str, names: Mapping[str, tuple[str, str]]) -> Localized:
    """The label of a place: its name in the standard, and the English and Chinese words for it."""
    english, chinese = names.get(name, ("", ""))
    return {"en": f"{name} {english}".strip(), "zh-CN": f"{name} {chinese}".strip()}


def field_part(field: Stretch, place: str, label: Localized, repeat: str, component: str) -> Part:
    """A field with its repeats, where it has several, and the components of each."""
    repeats = field.split(repeat)
    if len(repeats) == 1:
        return field.part(label, _components(field, place, component))
    children = (
        each.part(f"{place} [{number}]", _components(each, place, component))
        for number, each in enumerate(repeats, 1)
    )
    return field.part(label, tuple(children))


def _components(field: Stretch, place: str, component: str) -> tuple[Part, ...]:
    pieces: Sequence[Stretch] = field.split(component)
    if len(pieces) == 1:
        return ()
    return tuple(each.part(f"{place}.{n}") for n, each in enumerate(pieces, 1) if each.text)
