"""Backups: sealed, chained from a weekly full one, and proven by restoring them."""

from gateway.backup.chain import Backup, Shelf, shelf_of
from gateway.backup.drill import Drill
from gateway.backup.keeping import Keeping, Order
from gateway.backup.manifest import PURPOSE, Kind, Manifest
from gateway.backup.restore import restore, verify
from gateway.backup.schedule import Schedule
from gateway.backup.service import Backups, Plan, Work
from gateway.backup.source import Databases, Files, SealedDatabase

__all__ = [
    "PURPOSE",
    "Backup",
    "Backups",
    "Databases",
    "Drill",
    "Files",
    "Keeping",
    "Kind",
    "Manifest",
    "Order",
    "Plan",
    "Schedule",
    "SealedDatabase",
    "Shelf",
    "Work",
    "restore",
    "shelf_of",
    "verify",
]
