"""REST, the live stream, health and metrics."""

from gateway.api.app import Application, open_app

__all__ = ["Application", "open_app"]
