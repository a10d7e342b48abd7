"""The DICOM upper layer (PS3.8): pure codec, negotiation and state machine, and a thin wire."""
