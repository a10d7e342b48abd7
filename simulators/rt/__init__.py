"""A treatment planning system and a treatment machine: what they write, and how they send it."""

from simulators.rt.afterloader import Ran, brachy_record
from simulators.rt.compose import (
    ARC,
    ELECTRON,
    ION,
    STATIC,
    Course,
    approved,
    brachy_plan,
    plan,
)
from simulators.rt.linac import Linac, Refused, Task
from simulators.rt.machine import Machine, Part, record
from simulators.rt.send import encoded, file_of, store
from simulators.rt.summary import summary
from simulators.rt.volumes import dose, images, structure_set

__all__ = [
    "ARC",
    "ELECTRON",
    "ION",
    "STATIC",
    "Course",
    "Linac",
    "Machine",
    "Part",
    "Ran",
    "Refused",
    "Task",
    "approved",
    "brachy_plan",
    "brachy_record",
    "dose",
    "encoded",
    "file_of",
    "images",
    "plan",
    "record",
    "store",
    "structure_set",
    "summary",
]
