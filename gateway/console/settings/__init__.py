"""Settings: what runs here, and how it is configured."""
