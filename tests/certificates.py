"""Certificates for tests of TLS, made by OpenSSL."""

from __future__ import annotations

import ssl
import subprocess
from pathlib import Path

from tests.peers import require_peer


def make_certificates(folder: Path, name: str = "analyzer.test") -> None:
    """`authority.pem`, and `peer.pem` with `peer.key` for a host of that name."""
    openssl = str(require_peer("openssl"))
    new = [openssl, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
    new += ["-nodes", "-days", "30"]
    ours = ["-subj", "/CN=Test authority", "-keyout", "authority.key", "-out", "authority.pem"]
    peer = ["-subj", f"/CN={name}", "-addext", f"subjectAltName=DNS:{name}"]
    peer += ["-addext", "basicConstraints=critical,CA:FALSE"]
    peer += ["-keyout", "peer.key", "-out", "peer.pem", "-CA", "authority.pem"]
    peer += ["-CAkey", "authority.key"]
    for options in (ours, peer):
        subprocess.run([*new, *options], cwd=folder, check=True, capture_output=True)


def as_server(folder: Path) -> ssl.SSLContext:
    """A server that shows the peer's certificate."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(folder / "peer.pem", folder / "peer.key")
    return context
