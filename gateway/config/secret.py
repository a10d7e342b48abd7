"""Secrets stand outside the file: `env:NAME` or `file:PATH`. Addresses with one in them may."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

from pydantic import BaseModel, SecretStr

from gateway.config.document import Part
from gateway.config.shape import holds_secrets, inside, is_secret
from gateway.errors import Problem

_PLACEHOLDER = "0" * 32
_LARGEST = 64 * 1024


class OpenSecret(SecretStr):
    """What the file may name by a reference like a secret, or say openly.

    `placeholder` stands in where `isogate check` can't look the reference up.
    """

    placeholder: ClassVar[str] = _PLACEHOLDER


@dataclass(slots=True)
class Secrets:
    """Replaces references by what they name, relative paths being under `folder`.

    With `lenient` a reference to something absent is a note, and a placeholder stands in.
    """

    folder: Path
    lenient: bool
    environ: Mapping[str, str] = field(default_factory=lambda: os.environ)

    def reveal(self, model: type[BaseModel], part: Part, problems: list[Problem]) -> Any:
        """The part's value with its secrets in place."""
        return self._reveal((model,), part, problems) if holds_secrets(model) else part.value

    def _reveal(self, here: tuple[Any, ...], part: Part, problems: list[Problem]) -> Any:
        secret = next(filter(is_secret, here), None)
        if secret is not None and part.value is not None:
            return self._look_up(secret, part, problems)
        match part.value:
            case dict() | list():
                revealed = {
                    step: self._reveal(_inner(here, step), part / step, problems)
                    for step in _steps(part.value)
                }
                return revealed if isinstance(part.value, dict) else list(revealed.values())
            case _:
                return part.value

    def _look_up(self, secret: type[SecretStr], part: Part, problems: list[Problem]) -> str:
        is_open = issubclass(secret, OpenSecret)
        placeholder = secret.placeholder if issubclass(secret, OpenSecret) else _PLACEHOLDER
        kind, _, name = str(part.value).partition(":")
        match kind:
            case "env" if name:
                found, missing = self.environ.get(name), f"environment variable {name} is not set"
            case "file" if name:
                found, missing = self._read(name)
            case _ if is_open:
                return str(part.value)
            case _:
                hint = "write env:NAME or file:PATH"
                problems.append(part.problem("a secret must not stand in the file", hint=hint))
                return placeholder
        if found is None:
            problems.append(part.problem(missing, note=self.lenient))
            return placeholder
        return found

    def _read(self, name: str) -> tuple[str | None, str]:
        try:
            with (self.folder / name).open(encoding="utf-8") as stream:
                return stream.read(_LARGEST).rstrip("\r\n"), ""
        except OSError as error:
            return None, f"file {name} can't be read: {error.strerror}"
        except ValueError:
            return None, f"file {name} is not UTF-8 text"


def _steps(value: dict[str, Any] | list[Any]) -> Iterator[Any]:
    yield from (value if isinstance(value, dict) else range(len(value)))


def _inner(here: tuple[Any, ...], step: str | int) -> tuple[Any, ...]:
    return tuple(inner for kind in here for inner in inside(kind, step))
