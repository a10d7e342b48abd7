"""Announcements: what is said of a call (pure), by whom, and when in which zone."""
