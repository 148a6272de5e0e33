"""The certificates of authorities on disk. Read once, when a service starts."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from hoadon.common.errors import UsageError

_SUFFIXES: Final = frozenset({".pem", ".crt", ".cer"})


def read_authorities(path: Path | None) -> tuple[bytes, ...]:
    """The certificates, as DER, of a PEM file or of those in a directory; none without a path. Raises UsageError."""
    if path is None:
        return ()
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import Encoding

    files = sorted(file for file in path.iterdir() if file.suffix in _SUFFIXES) if path.is_dir() else [path]
    found: dict[bytes, None] = {}
    for file in files:
        try:
            certificates = x509.load_pem_x509_certificates(file.read_bytes())
        except OSError as error:
            raise UsageError(f"authorities: cannot read {file}: {error.strerror}") from error
        except ValueError as error:
            raise UsageError(f"authorities: {file} holds no certificate in PEM form") from error
        found.update((certificate.public_bytes(Encoding.DER), None) for certificate in certificates)
    if not found:
        raise UsageError(f"authorities: no certificate in {path}")
    return tuple(found)
