"""The certificates of authorities on disk."""

from __future__ import annotations

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from hoadon.common.authorities import read_authorities
from hoadon.common.errors import UsageError
from tests.support.signing import AUTHORITY, SELLERS, Signer


def pem(*signers: Signer) -> bytes:
    return b"# Test only\n" + b"".join(one.certificate.public_bytes(Encoding.PEM) for one in signers)


def test_a_file_a_directory_and_none(tmp_path: Path) -> None:
    (tmp_path / "b.pem").write_bytes(pem(AUTHORITY, SELLERS))
    (tmp_path / "a.crt").write_bytes(pem(SELLERS))
    (tmp_path / "README").write_text("not read")
    assert read_authorities(tmp_path / "b.pem") == (AUTHORITY.der, SELLERS.der)
    assert read_authorities(tmp_path) == (SELLERS.der, AUTHORITY.der)
    assert read_authorities(None) == ()


DAMAGED = b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"


@pytest.mark.parametrize("content", [b"", DAMAGED, SELLERS.der])
def test_files_without_a_certificate(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "a.pem"
    file.write_bytes(content)
    with pytest.raises(UsageError):
        read_authorities(file)


def test_nothing_there(tmp_path: Path) -> None:
    """Whoever names authorities wants the chain looked at: no certificate is an error, not trust in everybody."""
    for path in (tmp_path, tmp_path / "none"):
        with pytest.raises(UsageError):
            read_authorities(path)
