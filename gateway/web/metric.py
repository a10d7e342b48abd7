"""Metrics in the Prometheus text format 0.0.4."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

_ESCAPES = str.maketrans({"\\": r"\\", '"': r"\"", "\n": r"\n"})


@dataclass(frozen=True, slots=True)
class Sample:
    value: float
    labels: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Metric:
    """One family. Counters end in `_total`; units are base units (seconds, bytes)."""

    name: str
    help: str
    type: Literal["counter", "gauge"]
    samples: Sequence[Sample]

    @classmethod
    def single(
        cls, name: str, help_: str, type_: Literal["counter", "gauge"], value: float
    ) -> Metric:
        return cls(name, help_, type_, (Sample(value, {}),))


def exposition(metrics: Iterable[Metric]) -> str:
    """The families as text, each with its HELP and TYPE line."""
    return "".join(line for metric in metrics for line in _lines(metric))


def _lines(metric: Metric) -> Iterable[str]:
    yield f"# HELP {metric.name} {metric.help}\n"
    yield f"# TYPE {metric.name} {metric.type}\n"
    for sample in metric.samples:
        labels = ",".join(f'{name}="{_escape(text)}"' for name, text in sample.labels.items())
        yield (
            f"{metric.name}{{{labels}}} {sample.value:.17g}\n"
            if labels
            else (f"{metric.name} {sample.value:.17g}\n")
        )


def _escape(text: str) -> str:
    return text.translate(_ESCAPES)
