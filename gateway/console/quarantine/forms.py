"""The forms by which a person maps a code, a unit or a sender."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation

from gateway.console.quarantine.task import Mend, Task
from gateway.mapping import CodeMapping, SenderMapping, SiteMapping, UnitMapping
from gateway.model import Kind, Localized
from gateway.profile import (
    COMMON_UNITS,
    LOINC,
    NO_UNIT,
    POINT_SYSTEM,
    Analyte,
    AnalyzerProfile,
    UnknownUnit,
    dimension,
    is_loinc,
)
from gateway.registry import DeviceStatus, Registry
from gateway.room import Entered, Field, Form

_KINDS = (Kind.RESULT, Kind.MEASUREMENT, Kind.STATE)
_UNITS = [(unit, unit) for unit in COMMON_UNITS]

NAME_ZH = Field("name_zh", "Name in Chinese", required=True, longest=80)
NAME_EN = Field("name_en", "Name in English", required=True, longest=80)
CODE = Field(
    "code",
    "LOINC code",
    longest=20,
    hint="Leave it empty where the test has none: it keeps the device's own code.",
)
UNIT = Field(
    "unit",
    "Unit (UCUM)",
    longest=40,
    hint="As results are kept, for example mmol/L or 10*9/L. Empty where there is none.",
    suggestions=_UNITS,
)
KIND = Field(
    "kind",
    "Kind",
    Entered.CHOICE,
    required=True,
    options=[(kind.value, kind.value) for kind in _KINDS],
    context="kind",
)
SCOPE = Field("scope", "Holds for", Entered.CHOICE, required=True)
UCUM = Field("ucum", "Is this UCUM unit", required=True, longest=40, suggestions=_UNITS)
OWN_UNIT = Field(
    "own",
    "A number without a unit is in its test's own unit",
    Entered.TICK,
    hint="Look at the device's settings before you say so: a wrong unit is a wrong result.",
)
TEST = Field(
    "test",
    "Test to convert",
    Entered.CHOICE,
    hint="Where a test is kept in another unit, give the factor to it; one test at a time.",
)
FACTOR = Field(
    "factor", "Factor", longest=30, hint="What the number is multiplied by, exactly: 0.0555"
)
DEVICE = Field("device", "Comes from", Entered.CHOICE, required=True)


@dataclass(frozen=True, slots=True)
class Known:
    """A test that some profile of the site knows, to fill in a form from."""

    code: str
    name: Localized
    unit: str


def known_tests(registry: Registry) -> list[Known]:
    """Every test with a LOINC code among the profiles of the site."""
    found: dict[str, Known] = {}
    for status in registry:
        for key, point in status.entry.profile.points.items():
            code = point.code or key
            if point.system == LOINC and is_loinc(code):
                found.setdefault(code, Known(code, point.name, point.unit))
    return sorted(found.values(), key=lambda test: test.code)


def form_for(task: Task, status: DeviceStatus | None, registry: Registry) -> Form:
    """The empty form of a task."""
    match task.mend:
        case Mend.CODE if status is not None:
            tests = [(test.code, test.name) for test in known_tests(registry)]
            fields = replace(CODE, suggestions=tests), NAME_ZH, NAME_EN, UNIT, KIND, _scope(status)
            return Form(fields).of({"kind": Kind.RESULT.value, "scope": _first_scope(status)})
        case Mend.UNIT if status is not None and task.subject == NO_UNIT:
            return Form((OWN_UNIT, _scope(status))).of({"scope": _first_scope(status)})
        case Mend.UNIT if status is not None:
            points = status.entry.profile.points
            options = [(code, point.name or code) for code, point in points.items()]
            fields_ = UCUM, replace(TEST, options=options), FACTOR, _scope(status)
            return Form(fields_).of({"scope": _first_scope(status)})
        case Mend.SENDER | Mend.ASSIGN:
            return Form((replace(DEVICE, options=_behind(task.link, registry)),))
        case _:
            return Form(())


def mapping_of(
    task: Task, form: Form, status: DeviceStatus | None
) -> tuple[Form, SiteMapping | None]:
    """What a filled form maps, or the form with its faults. An assignment maps nothing."""
    profile = status.entry.profile if status is not None else None
    match task.mend:
        case Mend.CODE if isinstance(profile, AnalyzerProfile):
            form = _checked_code(task, form, profile)
            return form, _code(task, form) if form.ok else None
        case Mend.UNIT if isinstance(profile, AnalyzerProfile) and task.subject == NO_UNIT:
            if not form["own"]:
                form = form.refused("own", "Tick it, or set the messages aside.")
            return form, UnitMapping(form["scope"], NO_UNIT, "") if form.ok else None
        case Mend.UNIT if isinstance(profile, AnalyzerProfile):
            form = _checked_unit(form, profile)
            return form, _unit(task, form) if form.ok else None
        case Mend.SENDER if form.ok:
            return form, SenderMapping(f"link:{task.link}", task.subject, form["device"])
        case _:
            return form, None


def _checked_code(task: Task, form: Form, profile: AnalyzerProfile) -> Form:
    code = form["code"]
    if code and not is_loinc(code):
        form = form.refused(
            "code", "%(code)s is no LOINC code: its check digit differs.", code=code
        )
    form = _checked_ucum(form, "unit")
    same = _same_test(profile.points, task.subject, code)
    if same:
        form = form.refused(
            "code",
            "%(other)s already stands for it; two codes of one device can't be one test.",
            other=same,
        )
    return form


def _same_test(points: Mapping[str, Analyte], own: str, code: str) -> str:
    """Another code of the device that means the same test."""
    if not code:
        return ""
    return next(
        (
            key
            for key, point in points.items()
            if key != own and (point.system, point.code or key) == (LOINC, code)
        ),
        "",
    )


def _checked_unit(form: Form, profile: AnalyzerProfile) -> Form:
    form = _checked_ucum(form, "ucum")
    test, factor = form["test"], form["factor"]
    if bool(test) != bool(factor):
        missing = "factor" if test else "test"
        return form.refused(missing, "A test and its factor go together.")
    if factor and not _is_factor(factor):
        form = form.refused("factor", "Write a number above zero, such as 0.0555 or 18.")
    point = profile.points.get(test)
    if point is not None and point.unit == form["ucum"]:
        form = form.refused(
            "factor", "This test is kept in that unit: there is nothing to convert."
        )
    return form


def _checked_ucum(form: Form, name: str) -> Form:
    if not form[name]:
        return form
    try:
        dimension(form[name])
    except UnknownUnit as error:
        return form.refused(name, "This is no UCUM unit: %(why)s", why=str(error))
    return form


def _is_factor(text: str) -> bool:
    try:
        factor = Decimal(text)
    except InvalidOperation:
        return False
    return factor.is_finite() and factor > 0


def _code(task: Task, form: Form) -> CodeMapping:
    point = {
        "name": {"zh-CN": form["name_zh"], "en": form["name_en"]},
        "unit": form["unit"],
        "kind": form["kind"],
        "system": LOINC if form["code"] else POINT_SYSTEM,
        "code": form["code"],
    }
    return CodeMapping(form["scope"], task.subject, point)


def _unit(task: Task, form: Form) -> UnitMapping:
    convert = {form["test"]: Decimal(form["factor"])} if form["test"] else {}
    return UnitMapping(form["scope"], task.subject, form["ucum"], convert)


def _scope(status: DeviceStatus) -> Field:
    return replace(SCOPE, options=list(_scopes(status)))


def _scopes(status: DeviceStatus) -> Iterable[tuple[str, Localized]]:
    entry = status.entry
    title = entry.profile.title
    named = {
        tag: f"{text} ({entry.profile.profile})"
        for tag, text in (title if isinstance(title, Mapping) else {"en": title}).items()
    }
    yield f"profile:{entry.profile.profile}", named
    yield f"device:{entry.id}", entry.name or entry.id


def _first_scope(status: DeviceStatus) -> str:
    return f"profile:{status.entry.profile.profile}"


def _behind(link: str, registry: Registry) -> Sequence[tuple[str, Localized]]:
    entries = (status.entry for status in registry)
    return [(entry.id, entry.name or entry.id) for entry in entries if entry.link == link]
