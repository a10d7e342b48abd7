"""Whether the peers answer."""
