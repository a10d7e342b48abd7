"""The console's own pages."""
