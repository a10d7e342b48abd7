"""A service that hands out results: FHIR search, and SOAP around XML."""

from simulators.http.service import Result, Service

__all__ = ["Result", "Service"]
