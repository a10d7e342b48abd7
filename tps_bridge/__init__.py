"""What radiotherapy objects mean. Its design stands in docs/roadmap.md; no code yet."""
