"""The suites against published vectors."""

from __future__ import annotations

import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.ciphers.algorithms import SM4
from cryptography.hazmat.primitives.ciphers.modes import ECB
from cryptography.hazmat.primitives.hashes import SM3, Hash
from cryptography.hazmat.primitives.hmac import HMAC
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import ConfigError
from gateway.seal import SUITES, Suite, suite_named
from gateway.seal.sm import Sm4GcmCipher

_SECRET = bytes(range(32))


def _sm4(key: str, block: str, times: int = 1) -> str:
    encryptor = Cipher(SM4(bytes.fromhex(key)), ECB()).encryptor()  # noqa: S305 - the vectors' mode
    data = bytes.fromhex(block)
    for _ in range(times):
        data = encryptor.update(data)
    return data.hex()


def _sm3(data: bytes) -> str:
    digest = Hash(SM3())
    digest.update(data)
    return digest.finalize().hex()


def test_sm4_gives_the_first_example_of_gb_t_32907_annex_a() -> None:
    block = "0123456789abcdeffedcba9876543210"
    assert _sm4(block, block) == "681edf34d206965e86b3e94f536e4246"


def test_sm4_gives_the_second_example_of_gb_t_32907_annex_a() -> None:
    block = "0123456789abcdeffedcba9876543210"
    assert _sm4(block, block, 1_000_000) == "595298c7c6fd271f0402f804c33d3f66"


@pytest.mark.parametrize(
    ("data", "digest"),
    [
        (b"abc", "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"),
        (b"abcd" * 16, "debe9ff92275b8a138604889c18e5a4d6fdb70e5387e5765293dcba39c0c5732"),
    ],
)
def test_sm3_gives_the_examples_of_gb_t_32905_annex_a(data: bytes, digest: str) -> None:
    assert _sm3(data) == digest


def test_hmac_sm3_is_the_construction_of_rfc_2104_over_sm3() -> None:
    key, data = bytes(range(1, 33)), b"abcdefghbcdefghi"
    inner = bytes(each ^ 0x36 for each in key.ljust(64, b"\0"))
    outer = bytes(each ^ 0x5C for each in key.ljust(64, b"\0"))
    expected = _sm3(outer + bytes.fromhex(_sm3(inner + data)))
    found = HMAC(key, SM3())
    found.update(data)
    assert found.finalize().hex() == expected


def test_sm4_gcm_gives_the_vector_of_rfc_8998() -> None:
    cipher = Sm4GcmCipher(bytes.fromhex("0123456789abcdeffedcba9876543210"))
    nonce = bytes.fromhex("00001234567800000000abcd")
    associated = bytes.fromhex("feedfacedeadbeeffeedfacedeadbeefabaddad2")
    plain = bytes.fromhex(
        "aaaaaaaaaaaaaaaabbbbbbbbbbbbbbbbccccccccccccccccdddddddddddddddd"
        "eeeeeeeeeeeeeeeeffffffffffffffffeeeeeeeeeeeeeeeeaaaaaaaaaaaaaaaa"
    )
    sealed = bytes.fromhex(
        "17f399f08c67d5ee19d0dc9969c4bb7d5fd46fd3756489069157b282bb200735"
        "d82710ca5c22f0ccfa7cbf93d496ac15a56834cbcf98c397b4024a2691233b8d"
        "83de3541e4c2b58177e065a9bf7b62ec"
    )
    assert cipher.encrypt(nonce, plain, associated) == sealed
    assert cipher.decrypt(nonce, sealed, associated) == plain


def test_aes_gcm_gives_test_case_16_of_the_gcm_specification() -> None:
    cipher = AESGCM(bytes.fromhex("feffe9928665731c6d6a8f9467308308" * 2))
    plain = bytes.fromhex(
        "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
        "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39"
    )
    associated = bytes.fromhex("feedfacedeadbeeffeedfacedeadbeefabaddad2")
    sealed = cipher.encrypt(bytes.fromhex("cafebabefacedbaddecaf888"), plain, associated)
    assert sealed[-16:].hex() == "76fc6ece0f4e1768cddf8853bb2d551b"


@pytest.mark.parametrize("suite", SUITES.values(), ids=SUITES)
@given(secret=st.binary(min_size=32, max_size=32), data=st.binary(max_size=300))
def test_a_secret_is_unwrapped_as_it_was(suite: Suite, secret: bytes, data: bytes) -> None:
    assert suite.unwrap(_SECRET, suite.wrap(_SECRET, secret)) == secret
    with pytest.raises(InvalidTag):
        suite.unwrap(suite.derive(_SECRET, b"another"), suite.wrap(_SECRET, secret))


@pytest.mark.parametrize("suite", SUITES.values(), ids=SUITES)
def test_purposes_have_keys_and_hashes_of_their_own(suite: Suite) -> None:
    one, two = suite.derive(_SECRET, b"one"), suite.derive(_SECRET, b"two")
    assert len({one, two, _SECRET}) == 3
    assert suite.keyed_hash(one, b"x") != suite.keyed_hash(two, b"x")
    sealed = suite.aead(_SECRET, b"one").encrypt(bytes(12), b"data", None)
    with pytest.raises(InvalidTag):
        suite.aead(_SECRET, b"two").decrypt(bytes(12), sealed, None)


def test_suites_have_names_and_codes_of_their_own() -> None:
    assert len({suite.code for suite in SUITES.values()}) == len(SUITES)
    with pytest.raises(ConfigError, match=r"no suite .* known are aes-256-gcm, sm4-gcm"):
        suite_named("rot13")
