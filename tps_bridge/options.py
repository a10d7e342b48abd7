"""The section `tps` of devices.yaml."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, field_validator

from gateway import Bytes
from gateway.driver import LinkEntry
from gateway.room import Mistake
from tps_bridge.block import BlockKind
from tps_bridge.compare import Tolerances
from tps_bridge.compare.limit import DEFAULT, SITE
from tps_bridge.session import BeamTask, Level, Verifier

MachineName = Annotated[str, StringConstraints(min_length=1, max_length=16)]
AETitle = Annotated[str, StringConstraints(pattern=r"^[ -~]{1,16}$", strip_whitespace=True)]


class _Options(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class ToleranceOptions(_Options):
    """What holds where a plan has no tolerance table."""

    angle: float = Field(default=1.0, ge=0, le=10, description="degrees")
    length: float = Field(default=2.0, ge=0, le=50, description="mm: jaws, leaves, isocenter, SSD")
    couch: float = Field(default=10.0, ge=0, le=500, description="mm")
    meterset_warn: float = Field(default=0.01, ge=0, le=1, description="part of the planned MU")
    meterset_alarm: float = Field(default=0.02, ge=0, le=1, description="part of the planned MU")
    energy: float = Field(default=0.0, ge=0, le=10, description="MV or MeV")

    def tolerances(self) -> Tolerances:
        """With their source: the default, unless this file changes any."""
        source = SITE if self.model_fields_set else DEFAULT
        return Tolerances(**self.model_dump(), source=source)


class MachineOptions(_Options):
    """A treatment machine, under the name that plans give it.

    `titles` are the AE titles under which it claims its work, or says by MPPS what it does; none
    means any. `resource` is the schedule's id of it, `beam` the device whose point `beam_on` says
    that its beam is on. `tasks` are the beam tasks that it takes with its work, the first one that
    treats where nobody asks for another; `verified` is who verifies its settings.
    """

    level: Level = Level.OBSERVED
    titles: tuple[AETitle, ...] = ()
    resource: str = ""
    beam: str = ""
    tasks: tuple[BeamTask, ...] = (BeamTask.TREAT,)
    verified: Verifier = Verifier.INTERNAL

    @field_validator("tasks")
    @classmethod
    def _treats(cls, tasks: tuple[BeamTask, ...]) -> tuple[BeamTask, ...]:
        if not any(each.treats for each in tasks):
            raise ValueError("a treatment machine takes TREAT or VERIFY_AND_TREAT as well")
        return tasks


_MAY_BE_LEFT_OUT = frozenset({BlockKind.APPROVAL, BlockKind.RELATION, BlockKind.DAY})


class EmergencyOptions(_Options):
    """Which checks are left out for a plan that people declare an emergency, and who says so."""

    leaves_out: tuple[BlockKind, ...] = Field(min_length=1)
    source: str = Field(min_length=1, description="the rule of the site that says so")

    @field_validator("leaves_out")
    @classmethod
    def _few(cls, kinds: tuple[BlockKind, ...]) -> tuple[BlockKind, ...]:
        never = [each for each in kinds if each not in _MAY_BE_LEFT_OUT]
        if never:
            raise ValueError(f"the check of {never[0]} is never left out")
        return kinds


_UNDECLARED = MachineOptions()


class TpsOptions(_Options):
    """Plans, treatment records, the ledger of fractions, and treatment sessions.

    A machine that is not under `machines` is observed.
    """

    machines: dict[MachineName, MachineOptions] = {}
    from_schedule: bool = Field(
        default=False,
        description="today's appointments become sessions where a patient has one plan for it",
    )
    offer: float = Field(
        default=24.0, gt=0, le=168, description="hours before its time a session is offered"
    )

    tolerance: ToleranceOptions = ToleranceOptions()
    second_person: bool = Field(
        default=True, description="an override counts when a second person has confirmed it"
    )
    emergency: EmergencyOptions | None = Field(
        default=None, description="without it nobody can declare a plan an emergency"
    )
    interval: float = Field(
        default=6.0, ge=0, le=48, description="hours between two fractions of one day"
    )
    largest: Bytes = Field(
        default=64 * 10**6, ge=10**5, description="the largest plan or record that is read"
    )

    def faults(self, links: Sequence[LinkEntry]) -> Iterable[Mistake]:
        """Devices that there are not, a beam of two machines, and tasks that nobody is told."""
        devices = {device.id for link in links for device in link.devices}
        machine_of: dict[str, str] = {}
        for name, machine in self.machines.items():
            trail = ("machines", name, "beam")
            if machine.level is not Level.ENFORCED and machine.tasks != (BeamTask.TREAT,):
                what = "only a machine whose level is enforced is told what its beams are for"
                yield Mistake(("machines", name, "tasks"), what)
            if machine.beam and machine.beam not in devices:
                yield Mistake(trail, f"no device has the id {machine.beam}")
            elif machine.beam in machine_of:
                other = machine_of[machine.beam]
                yield Mistake(trail, f"{machine.beam} says already when {other} has its beam on")
            elif machine.beam:
                machine_of[machine.beam] = name

    def titles(self, machine: str) -> tuple[str, ...]:
        """The AE titles under which a machine calls; none means any."""
        return self.machines.get(machine, _UNDECLARED).titles

    def tasks(self, machine: str) -> tuple[BeamTask, ...]:
        """The beam tasks that a machine takes; at least one of them treats."""
        return self.machines.get(machine, _UNDECLARED).tasks

    def verifier(self, machine: str) -> Verifier:
        """Who verifies a machine's settings."""
        return self.machines.get(machine, _UNDECLARED).verified

    def level(self, machine: str) -> Level:
        """How far a machine is kept from treating what is blocked."""
        return self.machines.get(machine, _UNDECLARED).level
