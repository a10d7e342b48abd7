"""Differences in words, in both languages."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from gateway import Localized, localize
from tps_bridge.compare.difference import Difference, Severity, Spot, Step
from tps_bridge.rt import Value, attribute

_EN, _ZH = "en", "zh-CN"
_SEQUENCES: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "ApplicationSetupSequence": ("application setup", "施源方案"),
        "ApplicatorSequence": ("applicator", "限光筒"),
        "BeamLimitingDeviceSequence": ("definition of", "定义："),
        "BeamSequence": ("beam", "射野"),
        "BlockSequence": ("block", "挡块"),
        "BrachyControlPointSequence": ("dwell", "驻留点"),
        "ChannelSequence": ("channel", "通道"),
        "ControlPointSequence": ("control point", "控制点"),
        "FractionGroupSequence": ("fraction group", "分次组"),
        "IonBeamSequence": ("beam", "射野"),
        "IonControlPointSequence": ("control point", "控制点"),
        "IonToleranceTableSequence": ("tolerance table", "容差表"),
        "PatientSetupSequence": ("patient setup", "摆位"),
        "PrimaryFluenceModeSequence": ("fluence", "注量"),
        "RangeShifterSequence": ("range shifter", "射程移位器"),
        "RangeShifterSettingsSequence": ("range shifter", "射程移位器"),
        "ReferencedBeamSequence": ("beam", "射野"),
        "ReferencedBolusSequence": ("bolus", "补偿膜"),
        "SourceSequence": ("source", "放射源"),
        "ToleranceTableSequence": ("tolerance table", "容差表"),
        "WedgePositionSequence": ("wedge", "楔形板"),
        "WedgeSequence": ("wedge", "楔形板"),
    }
)
_BARE = frozenset({"BeamLimitingDevicePositionSequence", "BeamLimitingDeviceToleranceSequence"})
_MOST_SHOWN = 3
_STAY: Localized = {_EN: "time at each dwell", _ZH: "各驻留点时间"}


def step_words(step: Step) -> Localized:
    """`beam 2`, `control point 17`, `MLCX`."""
    if step.sequence in _BARE:
        return step.key
    english, chinese = _SEQUENCES.get(step.sequence, (step.sequence, step.sequence))
    key = "" if step.key.startswith("#") and step.key == "#1" else f" {step.key}"
    return {_EN: f"{english}{key}", _ZH: f"{chinese}{key}"}


def shown(value: Value | None) -> str:
    """A value as it is read; of many the first few."""
    match value:
        case None:
            return "—"
        case float():
            return f"{value:.6g}"
        case str():
            return value
        case _:
            head = " ".join(shown(each) for each in value[:_MOST_SHOWN])
            return head if len(value) <= _MOST_SHOWN else f"{head} … ({len(value)})"


def said(difference: Difference) -> Localized:
    """What differs and by how much; where it is stands in its path."""
    if not difference.keyword:
        return _whole(difference)
    known = attribute(difference.keyword)
    if difference.severity is Severity.UNTOLD:
        name = _STAY if difference.keyword == "CumulativeTimeWeight" else known.name
        return _untold(name, shown(difference.actual) if difference.actual else "")
    unit = f" {known.unit}" if known.unit else ""
    place = _place(difference)
    mine, theirs = _sides(difference)
    deviation = _deviation(difference)
    return {
        language: f"{localize(known.name, language)}{place[language]}: "
        + (
            f"{theirs}{unit} instead of {mine}{unit}"
            if language == _EN
            else f"应为 {mine}{unit}，实为 {theirs}{unit}"
        )
        + deviation[language]
        for language in (_EN, _ZH)
    }


def _untold(name: Localized, channels: str) -> Localized:
    of, whose = (f" (channel {channels})", f"（通道 {channels}）") if channels else ("", "")
    return {
        _EN: f"{localize(name, _EN)}{of}: not told, so not compared",
        _ZH: f"{localize(name, _ZH)}{whose}：未注明，未对比",
    }


def _whole(difference: Difference) -> Localized:
    if difference.planned is None:
        return {_EN: "it is not in the plan", _ZH: "计划中没有"}
    return {_EN: "it is missing", _ZH: "缺失"}


def _sides(difference: Difference) -> tuple[str, str]:
    if difference.spots:
        first = difference.spots[0]
        return shown(first.planned), shown(first.actual)
    return shown(difference.planned), shown(difference.actual)


def _place(difference: Difference) -> Mapping[str, str]:
    """Which of several values, and how many more."""
    if not difference.spots:
        return {_EN: "", _ZH: ""}
    first, more = difference.spots[0], len(difference.spots) - 1
    english, chinese = _spot(difference, first)
    if more:
        return {_EN: f", {english} and {more} more", _ZH: f"，{chinese}等 {more + 1} 处"}
    return {_EN: f", {english}", _ZH: f"，{chinese}"}


def _spot(difference: Difference, spot: Spot) -> tuple[str, str]:
    """A leaf by side and number (PS3.3 C.8.8.14.5: 101 … 1N, 201 … 2N); else its place."""
    planned = difference.planned
    count = len(planned) if isinstance(planned, tuple) else 0
    if difference.keyword == "LeafJawPositions" and count:
        side, pair = divmod(spot.place, count // 2)
        return f"side {side + 1} number {pair + 1}", f"{side + 1} 侧第 {pair + 1} 片"
    return f"value {spot.place + 1}", f"第 {spot.place + 1} 个值"


def _deviation(difference: Difference) -> Mapping[str, str]:
    limit, apart = difference.limit, difference.deviation
    if limit is None or apart is None:
        return {_EN: "", _ZH: ""}
    relative = attribute(difference.keyword).quantity.is_relative
    most = limit.alarm if limit.alarm is not None else limit.warn
    tolerated = _amount(most, relative=relative) if most is not None else "—"
    by = _amount(apart, relative=relative)
    return {
        _EN: f" (by {by}, tolerance {tolerated}: {localize(limit.source, _EN)})",
        _ZH: f"（偏差 {by}，容差 {tolerated}：{localize(limit.source, _ZH)}）",
    }


def _amount(value: float, *, relative: bool) -> str:
    return f"{value:.3%}" if relative else f"{value:.4g}"
