"""The section `dicom.retention` of devices.yaml."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import time
from typing import Annotated

from pydantic import AfterValidator, Field

from dicom.retention.rules import Rule
from dicom.section import Name, Section, named_twice

_RADIOTHERAPY = "RT"


def _modality(text: str) -> str:
    if text.startswith(_RADIOTHERAPY):
        raise ValueError(f"{text}: objects of radiotherapy are removed by no rule")
    return text


class RetentionRule(Section):
    """Which studies leave the store, and when: all that is written must hold."""

    name: Name
    days: int = Field(ge=1, le=36_500, description="since the last object of the study came")
    modality: tuple[Annotated[str, Field(min_length=1), AfterValidator(_modality)], ...] = Field(
        min_length=1, description="every series of the study is of one of these"
    )
    sender: tuple[str, ...] = Field(
        default=(), description="AE titles; all objects of the study came from these"
    )
    sent_to: tuple[str, ...] = Field(
        default=(), description="destinations of `dicom.forward` that have every object"
    )
    only_when_full: bool = Field(
        default=False, description="no sooner than the quota or the disk is nearly used up"
    )

    def rule(self) -> Rule:
        return Rule(
            self.name,
            self.days,
            frozenset(self.modality),
            frozenset(self.sender),
            self.sent_to,
            only_when_full=self.only_when_full,
        )


class RetentionOptions(Section):
    """Nothing is removed without a rule."""

    rules: tuple[RetentionRule, ...] = ()
    at: str = Field(
        default="03:30",
        pattern=r"^([01]\d|2[0-3]):[0-5]\d$",
        description="time of the daily removal in the site's zone, in quotes",
    )

    @property
    def time(self) -> time:
        return time.fromisoformat(self.at)

    def faults(
        self, destinations: Collection[str], changed: Collection[str], *, promised: bool
    ) -> Iterator[str]:
        """What is named and is not there, or is there twice.

        What a destination in `changed` has is not what is here: it is de-identified on the way.
        Where it is `promised` to modalities that objects are kept (storage commitment, PS3.4 J),
        a study leaves only for a place that has it.
        """
        yield from named_twice("retention.rules", (each.name for each in self.rules))
        for each in self.rules:
            if promised and not each.sent_to:
                yield (
                    f"retention.rules: {each.name}: `sent_to` is needed, as storage commitment is"
                    " given: what modalities were promised leaves only for a place that has it"
                )
            yield from (
                f"retention.rules: {each.name}: no destination {name!r}"
                for name in each.sent_to
                if name not in destinations
            )
            yield from (
                f"retention.rules: {each.name}: {name!r} gets de-identified copies only; what is"
                " removed here would be nowhere as it is"
                for name in each.sent_to
                if name in changed
            )
