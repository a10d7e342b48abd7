"""What only the driver sees in its links: who posts where, and who is asked for what."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from drivers.http.gate import path_of
from drivers.http.profile import HttpDevice, HttpLink, HttpProfile
from gateway import Finding, LinkEntry, RowDevice, check_rows


def check(links: Sequence[LinkEntry]) -> Iterator[Finding]:
    yield from check_rows(links)
    for link in links:
        if isinstance(link.options, HttpLink):
            listens = link.options.mode == "listen"
            yield from _called(link, link.options) if listens else _asked(link)


def _called(link: LinkEntry, options: HttpLink) -> Iterator[Finding]:
    posting: dict[str, str] = {}
    for entry in link.devices:
        if not isinstance(entry.options, HttpDevice):
            continue
        path = path_of(entry, options)
        other = posting.setdefault(path, entry.id)
        if other != entry.id:
            message = f"'{other}' posts to {path} as well"
            yield Finding(message, link.id, entry.id, "path", "give each device its own `path`")
        for key in RowDevice.model_fields.keys() & entry.options.model_fields_set:
            if key != "patient_issuer":
                message = f"`{key}` says how far back is read: this device calls by itself"
                yield Finding(message, link.id, entry.id, key)


def _asked(link: LinkEntry) -> Iterator[Finding]:
    for entry in link.devices:
        if isinstance(entry.options, HttpDevice) and entry.options.path:
            message = "`path` is where a device posts, and this link is `mode: poll`"
            yield Finding(message, link.id, entry.id, "path")
        if isinstance(entry.profile, HttpProfile) and entry.profile.request is None:
            message = f"profile '{entry.profile.profile}' asks nothing"
            yield Finding(message, link.id, entry.id, "profile", "its link must be `mode: listen`")
