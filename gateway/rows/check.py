"""What can be seen of sources of rows before they are read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from gateway.driver import Finding, LinkEntry
from gateway.rows.fields import PatientFields
from gateway.rows.profile import RowDevice, RowProfile


def check_rows(links: Sequence[LinkEntry]) -> Iterator[Finding]:
    """Devices whose patients' numbers nobody gave out: every row of theirs would be refused."""
    for link in links:
        for entry in link.devices:
            profile, options = entry.profile, entry.options
            if not isinstance(profile, RowProfile) or not isinstance(options, RowDevice):
                continue
            fields = _patient(profile)
            if fields is None or fields.issuer or fields.issuer_at or options.patient_issuer:
                continue
            yield Finding(
                "nobody says who gives out the patients' numbers of this source",
                link.id,
                entry.id,
                "patient_issuer",
                "name who does: `patient_issuer: HIS`, or `issuer` in its profile",
            )


def _patient(profile: RowProfile) -> PatientFields | None:
    content = profile.content
    return content if content is None or isinstance(content, PatientFields) else content.patient
