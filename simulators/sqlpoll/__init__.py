"""A laboratory that writes results into a table, as a LIS or an analyzer's computer does."""

from simulators.sqlpoll.laboratory import POSTGRESQL, SQLITE, Laboratory, Style

__all__ = ["POSTGRESQL", "SQLITE", "Laboratory", "Style"]
