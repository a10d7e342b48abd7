"""The operator's pages."""

from gateway.console.console import Console

__all__ = ["Console"]
