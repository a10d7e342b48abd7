"""The audit: who did what, chained so that no change, removal or cut stays unseen."""

from gateway.audit.anchors import Anchor, read_anchors
from gateway.audit.chain import Breach, Finding
from gateway.audit.entry import AuditEntry
from gateway.audit.key import audit_key
from gateway.audit.options import anchors_elsewhere
from gateway.audit.tables import Filter
from gateway.audit.trail import AuditTrail
from gateway.audit.verify import Verdict, verify

__all__ = [
    "Anchor",
    "AuditEntry",
    "AuditTrail",
    "Breach",
    "Filter",
    "Finding",
    "Verdict",
    "anchors_elsewhere",
    "audit_key",
    "read_anchors",
    "verify",
]
