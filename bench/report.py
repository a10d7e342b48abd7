"""How a benchmark's lines look: JSON for programs, wrapped text for people."""

from __future__ import annotations

import json
import textwrap
from typing import Any

from bench.case import Case

WIDTH = 80
_THOUSAND = 1000


def record(case: Case, *, judge: bool) -> dict[str, Any]:
    """One case as the flat record that `--json` prints; `met` is null where nothing is judged."""
    return {
        "name": case.name,
        "case": case.case,
        "ours": case.ours,
        "peer": case.peer,
        "peer_name": case.peer_name,
        "unit": case.unit,
        "better": case.better,
        "ratio": case.ratio,
        "goal": case.goal,
        "met": case.met if judge else None,
        "size": case.size,
        "ordered": case.ordered,
        "durable": case.durable,
        "peer_ack": case.peer_ack,
    }


def json_line(case: Case, *, judge: bool) -> str:
    return json.dumps(record(case, judge=judge), ensure_ascii=False)


def number(value: float) -> str:
    """Three significant digits, thousands grouped."""
    if abs(value) >= _THOUSAND:
        return f"{value:,.0f}"
    return f"{value:.3g}"


def _against(case: Case) -> list[str]:
    parts = [f"ours {number(case.ours)} {case.unit}"]
    if case.peer is not None:
        parts.append(f"{case.peer_name} {number(case.peer)} {case.unit}")
    if case.ratio is not None:
        parts.append(f"ratio {case.ratio:.2f}")
    return parts


def _verdict(case: Case, *, judge: bool) -> list[str]:
    if case.goal is None:
        return []
    sign = "≥" if case.better == "higher" else "≤"
    goal = [f"goal {sign} {number(case.goal)}"]
    if not judge:
        return [*goal, "not judged"]
    return [*goal, "met" if case.met else "MISSED"]


def _circumstances(case: Case) -> list[str]:
    return [
        *([case.size] if case.size else []),
        "ordered" if case.ordered else "not ordered",
        "durable" if case.durable else "not durable",
        *([f"peer's answer: {case.peer_ack}"] if case.peer_ack else []),
    ]


def text(case: Case, *, judge: bool) -> str:
    """One case for people: title, figures, circumstances; no line wider than 80 columns."""
    lines = [
        (f"{case.name}: {case.case}", "", "  "),
        (" · ".join([*_against(case), *_verdict(case, judge=judge)]), "  ", "    "),
        (" · ".join(_circumstances(case)), "  ", "    "),
    ]
    return "\n".join(
        textwrap.fill(line, WIDTH, initial_indent=first, subsequent_indent=rest)
        for line, first, rest in lines
    )
