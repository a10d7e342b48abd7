"""What a pydantic model looks like from outside: which keys stand where, which are secret."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel, SecretStr

from gateway.config.document import Trail


@cache
def keys_of(model: type[BaseModel]) -> frozenset[str]:
    """The keys a model knows."""
    return frozenset(field.alias or name for name, field in model.model_fields.items())


def known_keys(model: type[BaseModel], trail: Trail) -> frozenset[str]:
    """The keys that are known at a place inside a model; union tags in the trail are passed by."""
    here: tuple[Any, ...] = (model,)
    for step in trail:
        here = tuple(inner for kind in here for inner in inside(kind, step))
    return frozenset(key for kind in here if is_model(kind) for key in keys_of(kind))


@cache
def holds_secrets(kind: Any) -> bool:
    """Whether a secret stands anywhere inside a kind of value."""
    return _holds_secrets(kind, set())


def _holds_secrets(kind: Any, seen: set[Any]) -> bool:
    if is_secret(kind):
        return True
    if kind in seen:
        return False
    seen.add(kind)
    return any(_holds_secrets(inner, seen) for inner in _parts(kind))


def is_secret(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, SecretStr)


def is_model(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, BaseModel)


def inside(kind: Any, step: str | int) -> Iterator[Any]:
    """The kinds of value that may stand under `step` of a `kind`."""
    if not is_model(kind):
        yield from _parts(kind)
    elif step in kind.model_fields:
        yield from kinds(kind.model_fields[str(step)].annotation)
    elif any(step in get_args(field.annotation) for field in kind.model_fields.values()):
        yield kind


def kinds(annotation: Any) -> tuple[Any, ...]:
    """The alternatives of an annotation: models, containers and scalars."""
    origin = get_origin(annotation)
    if origin is None or origin is Literal or _is_container(origin):
        return (annotation,)
    return tuple(kind for part in get_args(annotation) for kind in kinds(part))


def _parts(kind: Any) -> Iterator[Any]:
    """The kinds of the values in a container, or of a model's fields."""
    if is_model(kind):
        for field in kind.model_fields.values():
            yield from kinds(field.annotation)
    elif _is_container(get_origin(kind)):
        arguments = [argument for argument in get_args(kind) if argument is not ...]
        yield from kinds(arguments[-1])


def _is_container(origin: Any) -> bool:
    return isinstance(origin, type) and issubclass(origin, Mapping | Sequence | frozenset | set)
