"""The words of hospital systems, whatever wire they come by: a sex, a standing."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import BaseModel, ConfigDict, Field

from gateway.model import AppointmentStatus, OrderStatus, Sex

SEXES: Mapping[str, Sex] = {
    "M": Sex.MALE,
    "F": Sex.FEMALE,
    "O": Sex.OTHER,
    "A": Sex.OTHER,
    "U": Sex.UNKNOWN,
    "N": Sex.UNKNOWN,
    "男": Sex.MALE,
    "女": Sex.FEMALE,
    "未知": Sex.UNKNOWN,
}
"""HL7 table 0001, and the words of Chinese systems. Digits mean different things: a profile's."""

STATUSES: Mapping[str, AppointmentStatus] = {
    "pending": AppointmentStatus.PENDING,
    "waitlist": AppointmentStatus.WAITLIST,
    "booked": AppointmentStatus.BOOKED,
    "overbook": AppointmentStatus.BOOKED,
    "arrived": AppointmentStatus.ARRIVED,
    "started": AppointmentStatus.STARTED,
    "complete": AppointmentStatus.COMPLETED,
    "cancelled": AppointmentStatus.CANCELLED,
    "dc": AppointmentStatus.CANCELLED,
    "deleted": AppointmentStatus.ENTERED_IN_ERROR,
    "blocked": AppointmentStatus.BLOCKED,
    "noshow": AppointmentStatus.NO_SHOW,
}
"""HL7 table 0278 in lower case, and the word that systems with a reception add."""

_ORDER_STATUSES = {each.value: each for each in OrderStatus}


class PersonWords(BaseModel):
    """How a system writes what it says of a person; what is listed goes before the usual words."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    sexes: Mapping[str, Sex] = Field(default_factory=dict)

    def sex_of(self, sent: str) -> Sex | None:
        """None for a word that nobody has explained."""
        return self.sexes.get(sent) or SEXES.get(sent.upper())


class AppointmentWords(BaseModel):
    """How a system writes the standing of an appointment."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    statuses: Mapping[str, AppointmentStatus] = Field(default_factory=dict)

    def status_of(self, sent: str) -> AppointmentStatus | None:
        """None for a word that nobody has explained."""
        return self.statuses.get(sent) or STATUSES.get(sent.casefold())


class OrderWords(BaseModel):
    """How a system writes the standing of an order."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    statuses: Mapping[str, OrderStatus] = Field(default_factory=dict)

    def status_of(self, sent: str) -> OrderStatus | None:
        """None for a word that nobody has explained."""
        return self.statuses.get(sent) or _ORDER_STATUSES.get(sent.casefold())
