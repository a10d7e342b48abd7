"""What a profile says of a hospital system: whose numbers, which words mean what."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import ConfigDict, Field

from gateway import AppointmentWords, IdentifierType, Kind, PersonWords

TYPES: Mapping[str, IdentifierType] = {
    "MR": IdentifierType.MRN,
    "PI": IdentifierType.INTERNAL,
    "PT": IdentifierType.INTERNAL,
    "VN": IdentifierType.VISIT,
    "AN": IdentifierType.ACCOUNT,
    "NI": IdentifierType.NATIONAL,
    "NNCHN": IdentifierType.NATIONAL,
    "HC": IdentifierType.CARD,
    "SS": IdentifierType.INSURANCE,
    "PPN": IdentifierType.PASSPORT,
}
"""Identifier types of HL7 table 0203."""

_MESSAGES: Mapping[str, tuple[str, str]] = {
    "ADT^A01": ("入院", "Admission"),
    "ADT^A02": ("转科", "Transfer"),
    "ADT^A03": ("出院", "Discharge"),
    "ADT^A04": ("挂号登记", "Registration"),
    "ADT^A05": ("预入院", "Pre-admission"),
    "ADT^A06": ("门诊转住院", "Outpatient to inpatient"),
    "ADT^A07": ("住院转门诊", "Inpatient to outpatient"),
    "ADT^A08": ("患者信息更新", "Patient update"),
    "ADT^A11": ("取消入院", "Admission cancelled"),
    "ADT^A13": ("取消出院", "Discharge cancelled"),
    "ADT^A18": ("患者合并", "Patient merge"),
    "ADT^A24": ("患者关联", "Patient link"),
    "ADT^A28": ("新建档案", "Person added"),
    "ADT^A31": ("档案更新", "Person updated"),
    "ADT^A34": ("患者号合并", "Patient id merge"),
    "ADT^A36": ("患者号及账号合并", "Patient id and account merge"),
    "ADT^A37": ("取消患者关联", "Patient unlink"),
    "ADT^A40": ("患者合并", "Patient merge"),
    "SIU^S12": ("新预约", "New appointment"),
    "SIU^S13": ("改约", "Rescheduled"),
    "SIU^S14": ("预约变更", "Appointment changed"),
    "SIU^S15": ("取消预约", "Appointment cancelled"),
    "SIU^S16": ("中止预约", "Appointment discontinued"),
    "SIU^S17": ("删除预约", "Appointment deleted"),
    "SIU^S18": ("增加资源", "Resource added"),
    "SIU^S19": ("变更资源", "Resource changed"),
    "SIU^S20": ("取消资源", "Resource cancelled"),
    "SIU^S21": ("中止资源", "Resource discontinued"),
    "SIU^S22": ("删除资源", "Resource deleted"),
    "SIU^S23": ("封锁时段", "Slots blocked"),
    "SIU^S24": ("开放时段", "Slots opened"),
    "SIU^S26": ("未到", "No show"),
    "ORM^O01": ("医嘱申请", "Order"),
    "OMG^O19": ("检查申请", "General order"),
    "OML^O21": ("检验申请", "Laboratory order"),
    "OML^O33": ("检验申请（按样本）", "Laboratory order by specimen"),
    "OML^O35": ("检验申请（按容器）", "Laboratory order by container"),
}
_KINDS = {"ADT": Kind.PATIENT, "SIU": Kind.APPOINTMENT}


def hospital_points() -> dict[str, Any]:
    """The points of a hospital system: the messages that are taken, by type and event."""
    return {
        code: {
            "name": {"zh-CN": chinese, "en": english},
            "kind": _KINDS.get(code[:3], Kind.ORDER),
        }
        for code, (chinese, english) in _MESSAGES.items()
    }


class HospitalWords(PersonWords, AppointmentWords):
    """How a system that sends patients, appointments and orders is to be read.

    `issuers` maps what CX-4 says (namespace or universal id), or else the identifier type in
    CX-5, or a place (`PID-19`), to the name of who gave the number out at this site; an authority
    that isn't listed keeps its own name. `identifier_types` adds to HL7 table 0203. `own` lists
    the CX-5 types of the identifier that names a patient's record, best first; without it that is
    the first repetition of PID-3. `book` names who keeps the appointments and orders, where
    their numbers don't say.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    issuers: Mapping[str, str] = Field(default_factory=dict)
    identifier_types: Mapping[str, IdentifierType] = Field(default_factory=dict)
    own: tuple[str, ...] = ()
    book: str = Field(default="", max_length=80)

    def type_of(self, sent: str) -> IdentifierType:
        """The sort of a number whose CX-5 is `sent`."""
        known = self.identifier_types.get(sent) or TYPES.get(sent.upper())
        return known or IdentifierType.OTHER
