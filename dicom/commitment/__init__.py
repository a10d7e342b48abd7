"""Storage commitment as SCP (PS3.4 Annex J): requests are kept, checked, and reported on."""
