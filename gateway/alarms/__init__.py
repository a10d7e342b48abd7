"""Alarms after ISA-18.2: what is wrong, how grave, and what people did about it."""

from gateway.alarms.alarm import Alarm, Happened
from gateway.alarms.definition import Definition
from gateway.alarms.desk import AlarmDesk, Wanted
from gateway.alarms.detector import Detector
from gateway.alarms.fact import ALARM_SYSTEM, CONDITION_SYSTEM
from gateway.alarms.machine import Refusal, Standing, Step
from gateway.alarms.room import room

__all__ = [
    "ALARM_SYSTEM",
    "CONDITION_SYSTEM",
    "Alarm",
    "AlarmDesk",
    "Definition",
    "Detector",
    "Happened",
    "Refusal",
    "Standing",
    "Step",
    "Wanted",
    "room",
]
