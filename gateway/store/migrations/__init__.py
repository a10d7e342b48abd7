"""Migrations of the relational tables, in order; never edited once released."""
