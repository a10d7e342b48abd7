"""Work items over HTTP: UPS-RS (PS3.18 11) on the same engine."""
