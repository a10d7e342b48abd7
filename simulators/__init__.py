"""Strangers: devices that speak the wire and import nothing of ours."""
