"""Storage: objects as files, the events that make them known, and the index folded from these."""
