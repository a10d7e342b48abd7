"""The quarantine: what was not understood, mapping it, reading it again."""
