"""Modality Worklist (PS3.4 Annex K): what is booked on stations that have an AE title."""
