"""Certificates: whose they are, when they are valid, who stands behind them."""

from __future__ import annotations

import base64
import re
from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509 import verification
from cryptography.x509.oid import NameOID

from invoice_schema import forms
from invoice_schema.signatures.trust import Trust, Unverified

_LONGEST: Final = 16 * 1024
_RSA_BITS: Final = range(2048, 8192 + 1)
# A public exponent as long as the modulus would make one verification take a hundred times as long.
_RSA_EXPONENT_BITS: Final = 32
_CURVES: Final = (ec.SECP256R1, ec.SECP384R1, ec.SECP521R1)
_UID = re.compile(rf"(?:(?:MST|CCCD)\s*:)?\s*({forms.MST})", re.ASCII | re.IGNORECASE)


@lru_cache(maxsize=512)
def load(text: str) -> x509.Certificate:
    """A certificate from Base64 of DER. Raises Unverified."""
    if len(text) > _LONGEST:
        raise Unverified("limit")
    try:
        certificate = x509.load_der_x509_certificate(base64.b64decode(text, validate=True))
        # Parsed when asked for, and then they may fail.
        _ = certificate.subject, certificate.issuer, certificate.public_key()
        _ = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    except Exception as error:
        raise Unverified("certificate") from error
    return certificate


def signer(certificates: Sequence[x509.Certificate]) -> x509.Certificate:
    """The one certificate that issued none of the others; they need not stand in order. Raises Unverified."""
    distinct = list(dict.fromkeys(certificates))
    leaves = [one for one in distinct if not any(other.issuer == one.subject for other in distinct if other is not one)]
    if len(leaves) != 1:
        raise Unverified("certificate")
    return leaves[0]


def fits(certificate: x509.Certificate, method: str) -> bool:
    """Whether the key is of the kind that the signature method wants, and neither weak nor out of the ordinary."""
    key = certificate.public_key()
    if isinstance(key, rsa.RSAPublicKey):
        usual = key.key_size in _RSA_BITS and key.public_numbers().e.bit_length() <= _RSA_EXPONENT_BITS
        return usual and "rsa" in method
    return isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, _CURVES) and "ecdsa" in method


def codes(certificate: x509.Certificate) -> frozenset[str]:
    """The canonical tax codes and personal IDs in the subject: `UID=MST:…`, `UID=CCCD:…`, or the bare number."""
    found = (
        _UID.fullmatch(attribute.value.strip())
        for attribute in certificate.subject.get_attributes_for_oid(NameOID.USER_ID)
        if isinstance(attribute.value, str)
    )
    return frozenset(forms.canonical_mst(match[1]) for match in found if match)


def valid_at(certificate: x509.Certificate, at: datetime) -> None:
    """Raises Unverified where the certificate was not yet, or not any more, valid."""
    if at < certificate.not_valid_before_utc:
        raise Unverified("not-yet-valid")
    if at > certificate.not_valid_after_utc:
        raise Unverified("expired")


def trusted(certificate: x509.Certificate, others: Sequence[x509.Certificate], at: datetime, trust: Trust) -> bool:
    """Whether it is an authority itself, or a path leads from it over some of `others` to one, valid at `at`."""
    authorities, store = _store(trust.authorities)
    if certificate in authorities:
        return True
    policy = verification.PolicyBuilder().store(store).time(at)
    policy = policy.extension_policies(ca_policy=_CA, ee_policy=_END_ENTITY)
    try:
        policy.build_client_verifier().verify(certificate, list(others))
    except Exception:  # whatever else it stumbled over, no path was found
        return False
    return True


@lru_cache(maxsize=8)
def _store(authorities: tuple[bytes, ...]) -> tuple[frozenset[x509.Certificate], verification.Store]:
    loaded = [x509.load_der_x509_certificate(authority) for authority in authorities]
    return frozenset(loaded), verification.Store(loaded)


def _may_sign_certificates(_: object, __: object, usage: x509.KeyUsage | None) -> None:
    if usage is not None and not usage.key_cert_sign:
        raise ValueError("not for signing certificates")


def _is_authority(_: object, __: object, constraints: x509.BasicConstraints) -> None:
    if not constraints.ca:
        raise ValueError("not an authority")


def _may_sign_documents(_: object, __: object, usage: x509.KeyUsage | None) -> None:
    if usage is not None and not (usage.digital_signature or usage.content_commitment):
        raise ValueError("not for signatures")


# The library's own policies are those of web servers: names, lifetimes and key usages that no signer of documents has.
_CA: Final = (
    verification.ExtensionPolicy.permit_all()
    .require_present(x509.BasicConstraints, verification.Criticality.AGNOSTIC, _is_authority)
    .may_be_present(x509.KeyUsage, verification.Criticality.AGNOSTIC, _may_sign_certificates)
)
_END_ENTITY: Final = verification.ExtensionPolicy.permit_all().may_be_present(
    x509.KeyUsage, verification.Criticality.AGNOSTIC, _may_sign_documents
)
