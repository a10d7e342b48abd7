"""Turns what pydantic finds into problems that name the place, the value and the way out."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from gateway.config.document import Part, Trail, entry
from gateway.config.shape import known_keys
from gateway.config.suggest import did_you_mean, shown
from gateway.errors import Problem

_SHOULD = re.compile(r"^\w+ should ")
_PATH = re.compile(r"([\w-]+(?:\.[\w-]+)+|[\w-]+(?=: ))(: )?")
_KINDS = {
    **dict.fromkeys(("string_type", "string_sub_type"), "a text"),
    **dict.fromkeys(("int_type", "int_parsing", "int_from_float"), "a whole number"),
    **dict.fromkeys(("float_type", "float_parsing", "decimal_parsing", "decimal_type"), "a number"),
    **dict.fromkeys(("bool_type", "bool_parsing"), "true or false"),
    **dict.fromkeys(
        ("dict_type", "mapping_type", "model_type", "model_attributes_type"), "a mapping"
    ),
    **dict.fromkeys(("list_type", "tuple_type", "set_type", "frozen_set_type"), "a list"),
}
_QUOTED = re.compile(r"'([^']*)'")


def explain(
    error: ValidationError,
    part: Part,
    model: type[BaseModel] | None = None,
    also: frozenset[str] = frozenset(),
) -> Iterator[Problem]:
    """The problems in `error`, which `model` raised over `part`.

    `also` are keys that are known beside the model's own.
    """
    for trail, several in _by_place(error, part).items():
        details = several[0]
        here = _follow(part, trail)
        if details["type"] != "extra_forbidden":
            yield from _explain_one(several, here)
            continue
        known = known_keys(model, details["loc"][:-1]) if model else frozenset[str]()
        names = (known | also if len(trail) == 1 else known) - _follow(
            part, trail[:-1]
        ).entries().keys()
        hint = did_you_mean(trail[-1], names, "also known here")
        yield here.problem(f"unknown key `{trail[-1]}`", hint=hint, at_key=True)


def _by_place(error: ValidationError, part: Part) -> dict[Trail, list[ErrorDetails]]:
    """Errors by the place they are about; of a union's alternatives those that got furthest."""
    found: dict[Trail, list[ErrorDetails]] = {}
    for details in error.errors(include_url=False):
        found.setdefault(_trail(details, part.value), []).append(details)
    outdone = {
        trail[:cut]
        for trail, several in found.items()
        if _is_alternative(trail, several)
        for cut in range(len(trail))
    }
    return {
        trail: several
        for trail, several in found.items()
        if not (trail in outdone and _is_alternative(trail, several))
    }


def _is_alternative(trail: Trail, several: list[ErrorDetails]) -> bool:
    return all(len(details["loc"]) > len(trail) for details in several)


def _trail(details: ErrorDetails, value: Any) -> Trail:
    """Where an error stands in the file; union tags and filled-in values stand in none."""
    trail: Trail = ()
    loc = details["loc"]
    for index, step in enumerate(loc):
        missing = details["type"] == "missing" and index == len(loc) - 1
        if missing or _has(value, step):
            trail = (*trail, step)
            value = entry(value, step)
    return trail


def _has(value: Any, step: str | int) -> bool:
    if isinstance(value, list):
        return isinstance(step, int) and 0 <= step < len(value)
    return isinstance(value, dict) and step in value


def _follow(part: Part, trail: Trail) -> Part:
    for step in trail:
        part = part / step
    return part


def _explain_one(several: list[ErrorDetails], part: Part) -> Iterator[Problem]:
    details = several[0]
    context = details.get("ctx", {})
    match details["type"]:
        case "missing":
            yield part.problem(f"`{part.trail[-1]}` is missing")
        case "literal_error" | "enum":
            yield _not_one_of(part, context["expected"])
        case "union_tag_invalid":
            tagged = part / _unquoted(context["discriminator"])
            yield _not_one_of(tagged, context["expected_tags"])
        case "union_tag_not_found":
            yield part.problem(f"`{_unquoted(context['discriminator'])}` is missing")
        case "value_error":
            yield from (_by_validator(line, part) for line in str(context["error"]).splitlines())
        case _:
            yield part.problem(_refusal(several, part.value))


def _by_validator(line: str, part: Part) -> Problem:
    """What a validator said, at the place that its message begins with, if there is one."""
    match = _PATH.match(line)
    trail = tuple(match[1].split(".")) if match else ()
    value = part.value
    for index, step in enumerate(trail):
        if not _has(value, step):
            trail = trail[:index]
            break
        value = entry(value, step)
    told = line[match.end() :] if match and match[2] and trail else line
    return _follow(part, trail).problem(told, at_key=bool(trail))


def _unquoted(name: str) -> str:
    return name.strip("'")


def _not_one_of(part: Part, expected: str) -> Problem:
    allowed = _QUOTED.findall(expected) or re.split(r", | or ", expected)
    return part.problem(
        f"{shown(part.value)} is not known here", hint=did_you_mean(part.value, allowed, "allowed")
    )


def _refusal(several: list[ErrorDetails], value: Any) -> str:
    wanted = dict.fromkeys(_wanted(details) for details in several)
    if "" in wanted:
        return several[0]["msg"]
    return f"{shown(value)} is not allowed: must {' or '.join(wanted)}"


def _wanted(details: ErrorDetails) -> str:
    """What is expected, to be read after "must"; empty if the message is no expectation."""
    kind = _KINDS.get(details["type"])
    if kind is not None:
        return f"be {kind}"
    message = details["msg"].split(", unable to")[0]
    return _SHOULD.sub("", message) if _SHOULD.match(message) else ""
