"""The problems found so far, and the one way in which anything is validated."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from gateway.config.document import Part
from gateway.config.explain import explain
from gateway.config.secret import Secrets
from gateway.config.suggest import did_you_mean, shown
from gateway.errors import ConfigError, Problem

Model = TypeVar("Model", bound=BaseModel)
Plugin = TypeVar("Plugin")


@dataclass(slots=True)
class Inspection:
    """Collects every problem; reading goes on after each."""

    secrets: Secrets
    problems: list[Problem] = field(default_factory=list)

    def validated(
        self,
        model: type[Model],
        part: Part,
        *,
        also: frozenset[str] = frozenset(),
        without: frozenset[str] = frozenset(),
    ) -> Model | None:
        """The part as `model` reads it, or None with the problems noted.

        Keys in `without` are others' to read; `also` are named as known when one is unknown.
        """
        if not isinstance(part.value, dict):
            self.problems.append(_keyless(part))
            return None
        value = self.secrets.reveal(model, part, self.problems)
        if without:
            value = {key: entry for key, entry in value.items() if key not in without}
        try:
            return model.model_validate(value)
        except ValidationError as error:
            self.problems.extend(explain(error, part, model, also))
            return None

    def mapping(self, part: Part) -> Mapping[str, Part]:
        """The entries of a section that may be absent."""
        if part.value is not None and not isinstance(part.value, dict):
            self.problems.append(_keyless(part))
        return {key: part / key for key in part.entries()}

    def plugin(self, part: Part, known: Mapping[str, Plugin], noun: str) -> Plugin | None:
        """The driver or room that the part names, or None with the problem noted."""
        name = part.value
        if name is None:
            self.problems.append(part.problem(f"`{part.trail[-1]}` is missing"))
            return None
        if not isinstance(name, str) or name not in known:
            hint = did_you_mean(name, known, "installed")
            self.problems.append(part.problem(f"unknown {noun} {shown(name)}", hint=hint))
            return None
        try:
            return known[name]
        except ConfigError as error:
            self.problems.append(part.problem(str(error)))
            return None


def _keyless(part: Part) -> Problem:
    if part.value is None:
        what = f"`{part.trail[-1]}`" if part.trail else "the file"
        return part.problem(f"{what} is missing or empty", at_key=True)
    return part.problem(f"{shown(part.value)} stands where keys are expected")
