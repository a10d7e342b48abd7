"""Event reports that are owed to peers: durable, in order, on associations that we open."""

from dicom.reports.report import Report, destination
from dicom.reports.reporter import Reporter

__all__ = ["Report", "Reporter", "destination"]
