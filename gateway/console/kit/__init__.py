"""Fills templates, and draws what several pages share."""
