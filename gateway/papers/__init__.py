"""Downtime papers: today's lists in a folder, printed before they are needed."""

from gateway.papers.options import PapersOptions
from gateway.papers.room import room

__all__ = ["PapersOptions", "room"]
