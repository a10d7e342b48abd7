"""Migrations of the accounts' tables, in order; never edited once released."""
