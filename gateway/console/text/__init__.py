"""Languages, times and units: what a page says, and to whom."""
