"""The three things that a person can map, as they stand in events."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any, TypeAlias

from pydantic import ValidationError

from gateway.model import Instant
from gateway.profile import NO_UNIT, Analyte, dimension

SET = "mapping.set"
WITHDRAW = "mapping.withdraw"
"""Codes of the acts."""

PROFILE, DEVICE, LINK = "profile", "device", "link"


@dataclass(frozen=True, slots=True)
class CodeMapping:
    """A device's own code is this test. `point` is written as a profile would write it."""

    scope: str
    code: str
    point: Mapping[str, Any]

    @property
    def key(self) -> str:
        return self.code

    @property
    def analyte(self) -> Analyte:
        return Analyte.model_validate(self.point)


@dataclass(frozen=True, slots=True)
class UnitMapping:
    """A unit as the device spells it is this UCUM unit.

    For `NO_UNIT` an empty `ucum` says that a number without a unit is in its test's own.
    `convert` gives, by the device's own code of a test, the exact factor from it to the unit in
    which that test is kept.
    """

    scope: str
    unit: str
    ucum: str
    convert: Mapping[str, Decimal] = field(default_factory=dict)

    @property
    def key(self) -> str:
        return self.unit


@dataclass(frozen=True, slots=True)
class SenderMapping:
    """On this link, messages that name this sender are from this device."""

    scope: str
    sender: str
    device: str

    @property
    def key(self) -> str:
        return self.sender


SiteMapping: TypeAlias = CodeMapping | UnitMapping | SenderMapping
"""`scope` says where it holds: `profile:NAME`, `device:ID`, or for a sender `link:ID`."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A mapping in force, with who set it and when; `seq` is that of the act."""

    mapping: SiteMapping
    actor: str
    at: Instant
    seq: int


def named(mapping: SiteMapping) -> str:
    """What kind of mapping it is, in a word: `code`, `unit` or `sender`."""
    match mapping:
        case CodeMapping():
            return "code"
        case UnitMapping():
            return "unit"
        case SenderMapping():
            return "sender"


def payload_of(mapping: SiteMapping) -> dict[str, Any]:
    """The mapping as JSON values."""
    head = {"kind": named(mapping), "scope": mapping.scope, "key": mapping.key}
    match mapping:
        case CodeMapping():
            return {**head, "point": dict(mapping.point)}
        case UnitMapping():
            factors = {test: str(factor) for test, factor in mapping.convert.items()}
            return {**head, "ucum": mapping.ucum, "convert": factors}
        case SenderMapping():
            return {**head, "device": mapping.device}


def of_payload(payload: Mapping[str, Any]) -> SiteMapping:
    """The mapping that JSON values describe; ValueError says what is wrong with them."""
    kind, scope, key = (str(payload.get(name, "")) for name in ("kind", "scope", "key"))
    place, _, name = scope.partition(":")
    if not name or place not in ((LINK,) if kind == "sender" else (PROFILE, DEVICE)):
        raise ValueError(f"a {kind} mapping can't hold for {scope!r}")
    if not key:
        raise ValueError("nothing is named that could be mapped")
    match kind:
        case "code":
            return _code(scope, key, payload.get("point"))
        case "unit":
            return _unit(scope, key, payload)
        case "sender" if payload.get("device"):
            return SenderMapping(scope, key, str(payload["device"]))
        case _:
            raise ValueError(f"there is no mapping of kind {kind!r} like this")


def _code(scope: str, key: str, point: Any) -> CodeMapping:
    mapping = CodeMapping(scope, key, point if isinstance(point, Mapping) else {})
    try:
        analyte = mapping.analyte
    except ValidationError as error:
        raise ValueError("; ".join(str(each["msg"]) for each in error.errors())) from error
    if not analyte.name:
        raise ValueError("a test needs a name")
    return mapping


def _unit(scope: str, key: str, payload: Mapping[str, Any]) -> UnitMapping:
    ucum = str(payload.get("ucum", ""))
    if ucum or key != NO_UNIT:
        dimension(ucum)
    convert = payload.get("convert") or {}
    return UnitMapping(scope, key, ucum, {test: _factor(text) for test, text in convert.items()})


def _factor(text: Any) -> Decimal:
    try:
        factor = Decimal(str(text))
    except InvalidOperation:
        raise ValueError(f"{text!r} is not a number") from None
    if not factor.is_finite() or factor <= 0:
        raise ValueError(f"{text} can't be a factor: it must be above zero")
    return factor
