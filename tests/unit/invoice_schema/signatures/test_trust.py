"""When a certificate was valid, and who stands behind it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from lxml import etree

from invoice_schema.signatures.trust import NO_AUTHORITIES, Trust
from tests.support.samples import SELLER, SELLER_2
from tests.support.signing import (
    AUTHORITY,
    SELLERS,
    authority,
    of,
    rsa_key,
    sign,
    signed_invoice,
    signed_package,
    signer,
)
from tests.support.verifying import (
    TRUSTED,
    at,
    objects,
    of_seller,
    package_reasons,
    reasons,
    us,
)

FIRST, LAST = datetime(2026, 5, 1, tzinfo=UTC), datetime(2026, 6, 1, tzinfo=UTC)
MAY = signer(f"MST:{SELLER}", first=FIRST, last=LAST)


@pytest.mark.parametrize(
    ("signed", "received", "expected"),
    [
        ("2026-05-15T10:00:00", None, []),
        ("2026-05-15T10:00:00", "2026-11-20T10:00:00Z", []),
        ("2026-06-01T07:00:00", None, []),
        ("2026-06-01T07:00:01", None, ["expired"]),
        ("2026-06-01T00:00:00Z", None, []),
        ("2026-06-01T00:00:01Z", None, ["expired"]),
        ("2026-05-01T07:00:00+07:00", None, []),
        ("2026-05-01T06:59:59+07:00", None, ["not-yet-valid"]),
        ("2026-05-15T10:00:00.5", None, []),
        ("2026-05-15T10:00:00", "2026-04-30T10:00:00Z", ["not-yet-valid"]),
        (None, "2026-05-15T10:00:00Z", []),
        (None, "2026-11-20T10:00:00Z", ["expired"]),
        (None, "2026-04-20T10:00:00Z", ["not-yet-valid"]),
        (None, None, []),
        ("yesterday", None, []),
        ("yesterday", "2026-11-20T10:00:00Z", ["expired"]),
        ("0001-01-01T00:00:00", "2026-11-20T10:00:00Z", ["expired"]),
        ("9999-12-31T23:59:59-12:00", "2026-05-20T10:00:00Z", []),
    ],
)
def test_expiry(signed: str | None, received: str | None, expected: list[str]) -> None:
    for trust in (NO_AUTHORITIES, TRUSTED):
        assert reasons(signed_invoice(MAY, time=signed), trust, us(received) if received else None) == expected


def test_a_time_that_is_not_covered_does_not_count() -> None:
    hdon = signed_invoice(MAY, time=None)
    of_seller(hdon).append(objects("<SigningTime>2026-05-15T10:00:00</SigningTime>"))
    assert reasons(hdon, received_us=us("2026-11-20T10:00:00Z")) == ["expired"]
    outside = signed_invoice(MAY, time=None)
    other = "<CCKSKhac><SigningTime Id='t'>2026-05-15T10:00:00</SigningTime></CCKSKhac>"
    at(outside, "DSCKS").append(etree.fromstring(other))
    at(outside, "DSCKS/NBan").remove(of_seller(outside))
    sign(outside, "DSCKS/NBan", MAY, uris=("#data", "#t"), time=None)
    assert reasons(outside, received_us=us("2026-11-20T10:00:00Z")) == ["expired"]


def test_two_times() -> None:
    two = "<SigningTime>2026-05-15T10:00:00</SigningTime><SigningTime>2026-11-15T10:00:00</SigningTime>"
    assert reasons(signed_invoice(uris=("#data", "#t"), time=None, objects=f'<Object Id="t">{two}</Object>')) == [
        "malformed"
    ]


def test_trust() -> None:
    stranger = authority("Stranger", key=rsa_key(2))
    assert reasons(signed_invoice(), TRUSTED) == []
    assert reasons(signed_invoice(), Trust((stranger.der,))) == ["untrusted"]
    assert reasons(signed_invoice(), Trust((stranger.der, AUTHORITY.der))) == []
    assert reasons(signed_invoice(), Trust((SELLERS.der,))) == []
    own = signer(f"MST:{SELLER}", issuer=stranger)
    assert (reasons(signed_invoice(own)), reasons(signed_invoice(own), TRUSTED)) == ([], ["untrusted"])
    same_name = authority("Test Only Authority", key=rsa_key(2))
    assert reasons(signed_invoice(signer(f"MST:{SELLER}", issuer=same_name)), TRUSTED) == ["untrusted"]
    assert package_reasons(signed_package(), TRUSTED) == []
    assert package_reasons(signed_package(), Trust((stranger.der,))) == ["untrusted"]


def test_an_authority_between() -> None:
    between = authority("Between", key=rsa_key(2), issuer=AUTHORITY)
    by = signer(f"MST:{SELLER}", issuer=between)
    assert reasons(signed_invoice(of(by, between)), TRUSTED) == []
    assert reasons(signed_invoice(of(by, between, AUTHORITY)), TRUSTED) == []
    assert reasons(signed_invoice(by), TRUSTED) == ["untrusted"]
    assert reasons(signed_invoice(by), Trust((between.der,))) == []


def test_a_seller_is_no_authority() -> None:
    """Whoever has a certificate of his own could otherwise make one for anybody."""
    for between in (
        authority("Between", key=rsa_key(2), issuer=AUTHORITY, ca=False),
        signer(f"MST:{SELLER_2}", key=rsa_key(2)),
    ):
        by = signer(f"MST:{SELLER}", issuer=between)
        assert reasons(signed_invoice(of(by, between)), TRUSTED) == ["untrusted"]


def usage(**allowed: bool) -> x509.KeyUsage:
    names = (
        "digital_signature content_commitment key_encipherment data_encipherment key_agreement key_cert_sign crl_sign "
        "encipher_only decipher_only"
    )
    return x509.KeyUsage(**{name: allowed.get(name, False) for name in names.split()})


@pytest.mark.parametrize(
    ("allowed", "expected"),
    [("digital_signature", []), ("content_commitment", []), ("key_encipherment", ["untrusted"])],
)
def test_key_usage(allowed: str, expected: list[str]) -> None:
    by = signer(f"MST:{SELLER}", extensions=[(usage(**{allowed: True}), True)])
    assert reasons(signed_invoice(by), TRUSTED) == expected


def test_usages_that_web_servers_do_not_have() -> None:
    purposes = x509.ExtendedKeyUsage([x509.oid.ExtendedKeyUsageOID.EMAIL_PROTECTION])
    by = signer(f"MST:{SELLER}", extensions=[(purposes, False)], last=FIRST + timedelta(days=2_000))
    assert reasons(signed_invoice(by), TRUSTED) == []
