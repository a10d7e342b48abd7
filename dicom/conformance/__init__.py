"""The conformance statement (PS3.2), made from what the node is."""

from dicom.conformance.markdown import document
from dicom.conformance.statement import Statement, as_json, statement_of

__all__ = ["Statement", "as_json", "document", "statement_of"]
