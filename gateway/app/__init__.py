"""The gateway as a whole: the one place that wires packages together."""

from gateway.app.serve import ServeOptions, Up, serve

__all__ = ["ServeOptions", "Up", "serve"]
