"""The DICOM node. Its design stands in docs/roadmap.md; no code yet."""
