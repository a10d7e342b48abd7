"""Services that hand out results: FHIR search, SOAP, SensorThings, and one that posts them."""

from simulators.http.answering import FAULTS
from simulators.http.caller import Caller, as_json, as_soap
from simulators.http.service import Result, Service
from simulators.http.water import WaterService

__all__ = ["FAULTS", "Caller", "Result", "Service", "WaterService", "as_json", "as_soap"]
