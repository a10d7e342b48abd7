"""What the API and the pages share: access rules, refusals, JSON, and the view of the gateway."""

from gateway.web.caller import Caller, Gate, Means, caller_of
from gateway.web.door import BrowserHeaders, Door, OverSocket
from gateway.web.guard import CSRF_FIELD, Guard
from gateway.web.json import encode, json_response, rfc3339
from gateway.web.metric import Metric, Sample
from gateway.web.reason import reason_in
from gateway.web.refusal import Refusal, problem
from gateway.web.seen import SeenView, seen
from gateway.web.socket_guard import SocketGuard
from gateway.web.view import Configuration, GatewayView, History, Readiness

__all__ = [
    "CSRF_FIELD",
    "BrowserHeaders",
    "Caller",
    "Configuration",
    "Door",
    "Gate",
    "GatewayView",
    "Guard",
    "History",
    "Means",
    "Metric",
    "OverSocket",
    "Readiness",
    "Refusal",
    "Sample",
    "SeenView",
    "SocketGuard",
    "caller_of",
    "encode",
    "json_response",
    "problem",
    "reason_in",
    "rfc3339",
    "seen",
]
