"""What a browser may load for a page (Content Security Policy Level 3)."""

from __future__ import annotations

_SCRIPT_AND_REST = (
    "default-src 'none'; script-src 'self'; {styles}; img-src 'self'; "
    "connect-src 'self'; media-src 'self'; font-src 'self'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'"
)

POLICY = _SCRIPT_AND_REST.format(styles="style-src 'self'")
"""Ours alone, and nothing inline."""

CHART_POLICY = _SCRIPT_AND_REST.format(styles="style-src 'self' 'unsafe-inline'")
"""For pages with a chart: BokehJS writes its styles into the page. Scripts stay as strict."""
