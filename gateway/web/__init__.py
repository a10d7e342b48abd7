"""What the API and the pages share: access rules, refusals, JSON, and the view of the gateway."""

from gateway.web.guard import BrowserHeaders, Guard, OverSocket
from gateway.web.json import encode, json_response, rfc3339
from gateway.web.metric import Metric, Sample
from gateway.web.refusal import Refusal, problem
from gateway.web.view import GatewayView, History, Readiness

__all__ = [
    "BrowserHeaders",
    "GatewayView",
    "Guard",
    "History",
    "Metric",
    "OverSocket",
    "Readiness",
    "Refusal",
    "Sample",
    "encode",
    "json_response",
    "problem",
    "rfc3339",
]
