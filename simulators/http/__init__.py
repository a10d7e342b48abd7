"""Services that hand out results: FHIR search, SOAP around XML, and one that posts them."""

from simulators.http.caller import Caller, as_json, as_soap
from simulators.http.service import Result, Service

__all__ = ["Caller", "Result", "Service", "as_json", "as_soap"]
