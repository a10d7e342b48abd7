"""Unified Procedure Steps: the service engine as SCP (PS3.4 Annex CC)."""
