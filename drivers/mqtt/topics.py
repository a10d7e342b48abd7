"""Topic templates and filters (MQTT 5.0 section 4.7)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

_VARIABLE = re.compile(r"\{([a-z][a-z0-9_]*)\}")
_LONGEST = 65_535


def variables(template: str) -> frozenset[str]:
    """Names of the `{variables}` of a template."""
    return frozenset(_VARIABLE.findall(template))


def expand(template: str, values: Mapping[str, str]) -> str:
    """The topic that a template names; ValueError if a variable is missing or the topic invalid."""
    missing = sorted(variables(template) - values.keys())
    if missing:
        raise ValueError(f"topic {template!r} needs topic_vars: {', '.join(missing)}")
    return check_topic(_VARIABLE.sub(lambda found: values[found[1]], template))


def check_template(template: str) -> str:
    """The template itself; ValueError if no values could make it a topic."""
    check_topic(_VARIABLE.sub("x", template))
    return template


def check_topic(topic: str) -> str:
    """The topic itself; ValueError if a message can't be published to it."""
    if set(topic) & set("+#{}"):
        raise ValueError(f"topic {topic!r} has a wildcard or a stray brace")
    return _check_name(topic)


def check_filter(pattern: str) -> str:
    """The filter itself; ValueError if it can't be subscribed to."""
    levels = pattern.split("/")
    if any(len(level) > 1 and set(level) & set("+#") for level in levels):
        raise ValueError(f"in filter {pattern!r} a wildcard must fill its level")
    if "#" in levels[:-1]:
        raise ValueError(f"in filter {pattern!r} # must come last")
    return _check_name(pattern)


def matches(pattern: str, topic: str) -> bool:
    """Whether a message on `topic` is sent to a subscription of `pattern`."""
    return _covers(pattern.split("/"), topic.split("/"), literal=True)


def fewest(patterns: Iterable[str]) -> tuple[str, ...]:
    """The patterns without those that another covers, so that no message is sent twice."""
    unique = list(dict.fromkeys(patterns))
    return tuple(
        pattern
        for pattern in unique
        if not any(
            other != pattern and _covers(other.split("/"), pattern.split("/"), literal=False)
            for other in unique
        )
    )


def _covers(wide: list[str], narrow: list[str], *, literal: bool) -> bool:
    if narrow[0].startswith("$") and wide[0] in ("+", "#"):
        return False
    for at, level in enumerate(wide):
        if level == "#":
            return True
        if at == len(narrow):
            return False
        if not literal and narrow[at] == "#":
            return False
        if level not in ("+", narrow[at]):
            return False
    return len(wide) == len(narrow)


def _check_name(name: str) -> str:
    if not name or "\0" in name or len(name.encode(errors="replace")) > _LONGEST:
        raise ValueError(f"{name!r} is empty, too long or has a NUL character")
    return name
