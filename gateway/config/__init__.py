"""The configuration of a site: devices.yaml, checked and typed."""

from gateway.config.backup import BackupOptions, weekday
from gateway.config.difference import DeviceChanges, Difference, difference
from gateway.config.load import check_site, load_site
from gateway.config.options import (
    Http,
    HttpTls,
    Listeners,
    Protection,
    RetentionOptions,
    StoreOptions,
)
from gateway.config.plain import plain
from gateway.config.plugins import RoomSet, discover_drivers, discover_rooms
from gateway.config.schema import site_schema
from gateway.config.secret import OpenSecret
from gateway.config.site import Site

__all__ = [
    "BackupOptions",
    "DeviceChanges",
    "Difference",
    "Http",
    "HttpTls",
    "Listeners",
    "OpenSecret",
    "Protection",
    "RetentionOptions",
    "RoomSet",
    "Site",
    "StoreOptions",
    "check_site",
    "difference",
    "discover_drivers",
    "discover_rooms",
    "load_site",
    "plain",
    "site_schema",
    "weekday",
]
