"""The pages over TLS: what is spoken, and another certificate while they are served."""

from __future__ import annotations

import asyncio
import ssl
import warnings
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from gateway.app import bounded
from gateway.app.certificates import Certificates
from gateway.app.servers import listen, serving
from gateway.config import HttpTls
from gateway.errors import ConfigError
from gateway.security.roles import Role
from tests.accounts import PASSWORD, house


def write_pair(folder: Path, name: str, days: int = 90) -> HttpTls:
    """A certificate of `name` that nobody signed, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=days))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    files = HttpTls.model_construct(certificate=folder / "cert.pem", key=folder / "key.pem")
    files.certificate.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    files.key.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return files


def _trusting(**options: object) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    for name, value in options.items():
        setattr(context, name, value)
    return context


async def subject_of(port: int) -> str:
    """Whose certificate a new connection is shown."""
    _, writer = await asyncio.open_connection("127.0.0.1", port, ssl=_trusting())
    connection = writer.get_extra_info("ssl_object")
    der = connection.getpeercert(binary_form=True)
    writer.close()
    (name,) = x509.load_der_x509_certificate(der).subject
    return str(name.value)


@asynccontextmanager
async def served(folder: Path, certificates: Certificates) -> AsyncIterator[int]:
    async with house(folder) as home:
        await home.person(Role.THERAPIST, name="wang")
        with listen("127.0.0.1", 0) as sock:
            async with serving(home.app, [sock], tls=certificates.context):
                yield sock.getsockname()[1]


async def test_a_person_signs_in_over_tls(tmp_path: Path) -> None:
    certificates = Certificates(write_pair(tmp_path, "first"))
    async with served(tmp_path, certificates) as port:
        url = f"https://localhost:{port}"
        async with httpx.AsyncClient(base_url=url, verify=_trusting()) as browser:
            fields = {"name": "wang", "password": PASSWORD}
            done = await browser.post("/sign-in", data=fields, headers={"origin": url})
            assert done.status_code == 303
            assert done.headers["set-cookie"].startswith("__Host-isogate=")
            assert done.headers["strict-transport-security"]
            assert (await browser.get("/api/v1/devices")).status_code == 200
        plain = {"origin": f"http://localhost:{port}"}
        async with httpx.AsyncClient(base_url=url, verify=_trusting()) as browser:
            assert (await browser.post("/sign-in", data=fields, headers=plain)).status_code == 403


async def test_nothing_below_tls_1_2_is_spoken(tmp_path: Path) -> None:
    certificates = Certificates(write_pair(tmp_path, "first"))
    assert certificates.context.minimum_version is ssl.TLSVersion.TLSv1_2
    async with served(tmp_path, certificates) as port:
        old = _speaking("TLSv1", "TLSv1_1")
        old.set_ciphers("ALL:@SECLEVEL=0")
        with pytest.raises((ssl.SSLError, ConnectionResetError)):
            await asyncio.open_connection("127.0.0.1", port, ssl=old)
        for version in ("TLSv1_2", "TLSv1_3"):
            spoken = _speaking(version, version)
            _, writer = await asyncio.open_connection("127.0.0.1", port, ssl=spoken)
            writer.close()


def _speaking(lowest: str, highest: str) -> ssl.SSLContext:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        return _trusting(
            minimum_version=ssl.TLSVersion[lowest], maximum_version=ssl.TLSVersion[highest]
        )


async def test_another_certificate_is_taken_over_without_a_restart(tmp_path: Path) -> None:
    certificates = Certificates(write_pair(tmp_path, "first"))
    async with served(tmp_path, certificates) as port:
        assert await subject_of(port) == "first"
        url = f"https://localhost:{port}"
        async with httpx.AsyncClient(base_url=url, verify=_trusting()) as kept:
            await kept.get("/healthz")
            write_pair(tmp_path, "second")
            certificates.look()
            assert await subject_of(port) == "second"
            assert (await kept.get("/healthz")).status_code == 200


async def test_a_certificate_without_its_key_changes_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    files = write_pair(tmp_path, "first")
    certificates = Certificates(files)
    key = files.key.read_bytes()
    async with served(tmp_path, certificates) as port:
        write_pair(tmp_path, "second")
        new = files.key.read_bytes()
        files.key.write_bytes(key)
        certificates.look()
        assert await subject_of(port) == "first"
        assert "stays as it was" in caplog.text
        files.key.write_bytes(new)
        certificates.look()
        assert await subject_of(port) == "second"
        files.certificate.unlink()
        certificates.look()
        assert await subject_of(port) == "second"


def test_files_that_do_not_belong_together_stop_the_start(tmp_path: Path) -> None:
    files = write_pair(tmp_path, "first")
    key = files.key.read_bytes()
    write_pair(tmp_path, "second")
    files.key.write_bytes(key)
    with pytest.raises(ConfigError, match="belong together"):
        Certificates(files)


def test_a_certificate_that_ends_soon_is_said(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    Certificates(write_pair(tmp_path, "first", days=5))
    assert "ends on" in caplog.text


async def test_a_head_that_does_not_come_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bounded, "_PATIENCE", 0.0)
    async with house(tmp_path) as home:
        with listen("127.0.0.1", 0) as sock:
            async with serving(home.app, [sock]):
                reader, writer = await asyncio.open_connection(*sock.getsockname())
                assert await reader.read() == b""
                writer.close()


async def test_a_head_without_end_is_cut(tmp_path: Path) -> None:
    async with house(tmp_path) as home:
        with listen("127.0.0.1", 0) as sock:
            async with serving(home.app, [sock]):
                reader, writer = await asyncio.open_connection(*sock.getsockname())
                writer.write(b"GET / HTTP/1.1\r\nhost: localhost\r\n")
                line = b"x: " + b"y" * 8000 + b"\r\n"
                for _ in range(200):
                    if reader.at_eof():
                        break
                    writer.write(line)
                    await asyncio.sleep(0)
                answer = b""
                with suppress(ConnectionResetError):
                    answer = await reader.read()
                assert answer == b"" or answer.startswith(b"HTTP/1.1 431 ")
                writer.close()


async def test_who_calls_is_what_the_connection_says_unless_a_proxy_is_trusted(
    tmp_path: Path,
) -> None:
    forged = {"x-forwarded-for": "127.0.0.1", "x-forwarded-proto": "https"}
    for proxies, name in (((), "isogate="), (("127.0.0.1",), "__Host-isogate=")):
        async with house(tmp_path) as home:
            if not proxies:
                await home.person(Role.THERAPIST, name="wang")
            with listen("127.0.0.1", 0) as sock:
                async with serving(home.app, [sock], proxies=proxies):
                    url = f"http://localhost:{sock.getsockname()[1]}"
                    async with httpx.AsyncClient(base_url=url, headers=forged) as browser:
                        fields = {"name": "wang", "password": PASSWORD}
                        done = await browser.post("/sign-in", data=fields)
                        assert done.headers["set-cookie"].startswith(name)
