"""A form as pages show it: values kept, errors beside their fields."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from gateway.model import Localized

_LONGEST = 1_000


class Entered(StrEnum):
    """How a field is filled in."""

    TEXT = "text"
    LONG_TEXT = "textarea"
    NUMBER = "number"
    DATE = "date"
    TIME = "datetime-local"
    PASSWORD = "password"  # noqa: S105 - the name of an input
    CHOICE = "select"
    TICK = "checkbox"
    HIDDEN = "hidden"


@dataclass(frozen=True, slots=True)
class Field:
    """One field. `label` and `hint` are message ids.

    `context` names the closed set that the words of `options` belong to, if it is one;
    `suggestions` are offered while typing and bind nobody. `autocomplete` is HTML's.
    """

    name: str
    label: str
    kind: Entered = Entered.TEXT
    required: bool = False
    hint: str = ""
    options: Sequence[tuple[str, Localized]] = ()
    context: str = ""
    suggestions: Sequence[tuple[str, Localized]] = ()
    longest: int = _LONGEST
    autocomplete: str = "off"


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a field can't be taken: a message id, whose `%(name)s` the `facts` fill."""

    text: str
    facts: Mapping[str, Any] = field(default_factory=dict)


MISSING = Fault("This is needed.")
NOT_OFFERED = Fault("Choose one of the list.")


@dataclass(frozen=True, slots=True)
class Form:
    """Fields with what was entered; a password's value is never shown again."""

    fields: tuple[Field, ...]
    values: Mapping[str, str] = field(default_factory=dict)
    faults: Mapping[str, Fault] = field(default_factory=dict)

    def of(self, values: Mapping[str, str]) -> Form:
        """The form as it is first shown."""
        return replace(self, values=values)

    def filled(self, given: Mapping[str, str]) -> Form:
        """The form as it was posted: known fields only, trimmed, with the faults that it shows."""
        values = {each.name: _entered(each, given) for each in self.fields}
        faults = {
            each.name: fault
            for each in self.fields
            if (fault := _fault(each, values[each.name])) is not None
        }
        return replace(self, values=values, faults=faults)

    def refused(self, name: str, text: str, **facts: Any) -> Form:
        """The form with a fault of a field; the first fault of a field stays."""
        return replace(self, faults={name: Fault(text, facts), **self.faults})

    @property
    def ok(self) -> bool:
        return not self.faults

    def __getitem__(self, name: str) -> str:
        return self.values.get(name, "")

    def field(self, name: str) -> Field:
        return next(each for each in self.fields if each.name == name)


def _entered(field_: Field, given: Mapping[str, str]) -> str:
    text = given.get(field_.name, "")
    return text if field_.kind is Entered.PASSWORD else text.strip()


def _fault(field_: Field, text: str) -> Fault | None:
    if field_.required and not text:
        return MISSING
    if len(text) > field_.longest:
        return Fault("At most %(most)s characters.", {"most": field_.longest})
    offered = {value for value, _ in field_.options}
    if text and field_.kind is Entered.CHOICE and text not in offered:
        return NOT_OFFERED
    return None
