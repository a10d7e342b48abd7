"""A certificate authority for tests, and certificates of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from ssl import PROTOCOL_TLS_CLIENT, SSLContext

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from dicom.dimse import TlsContext, TlsFiles

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Certificate:
    """PEM files of a certificate and its key."""

    certificate: Path
    key: Path


class Authority:
    """Signs certificates; its own lies in `ca`."""

    def __init__(self, folder: Path, name: str = "test authority") -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = _named(name)
        self._certificate = self._build(self._name, self._key.public_key(), is_authority=True)
        self.ca = folder / "ca.pem"
        self.ca.write_bytes(self._certificate.public_bytes(serialization.Encoding.PEM))

    def issue(self, name: str) -> Certificate:
        """A certificate for localhost; issued again under the same name, it replaces the files."""
        key = ec.generate_private_key(ec.SECP256R1())
        made = self._build(_named(name), key.public_key(), is_authority=False)
        files = Certificate(self._folder / f"{name}.pem", self._folder / f"{name}.key")
        files.certificate.write_bytes(made.public_bytes(serialization.Encoding.PEM))
        files.key.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
        return files

    def listening(self, mine: Certificate, *, mutual: bool = True) -> TlsContext:
        """For a listener of ours."""
        files = TlsFiles(mine.certificate, mine.key, self.ca if mutual else None)
        return TlsContext(files, listens=True)

    def calling(self, mine: Certificate | None = None) -> TlsContext:
        """For a call of ours."""
        files = TlsFiles(None, None, self.ca)
        if mine is not None:
            files = TlsFiles(mine.certificate, mine.key, self.ca)
        return TlsContext(files, listens=False)

    def stranger(self) -> SSLContext:
        """A client's context that has nothing to do with ours; it shows no certificate."""
        context = SSLContext(PROTOCOL_TLS_CLIENT)
        context.load_verify_locations(self.ca)
        return context

    def _build(
        self, subject: x509.Name, key: ec.EllipticCurvePublicKey, *, is_authority: bool
    ) -> x509.Certificate:
        now = datetime.now(UTC)
        names = [x509.DNSName("localhost"), x509.IPAddress(ip_address("127.0.0.1"))]
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - _DAY)
            .not_valid_after(now + 30 * _DAY)
            .add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
            .add_extension(x509.SubjectAlternativeName(names), critical=False)
        )
        return builder.sign(self._key, hashes.SHA256())


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
