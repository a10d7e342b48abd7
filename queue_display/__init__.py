"""The treatment queue and its displays. Its design stands in docs/roadmap.md; no code yet."""
