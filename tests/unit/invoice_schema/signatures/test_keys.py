"""Algorithms, keys and certificates: whose signature it is."""

from __future__ import annotations

import base64
from datetime import UTC, datetime

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, hmac, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from hypothesis import given, settings
from hypothesis import strategies as st

from invoice_schema.signatures import certificates
from tests.support.samples import SELLER
from tests.support.signing import (
    AUTHORITY,
    DS,
    MORE,
    SELLERS,
    canonicalised,
    rsa_key,
    rsa_key_value,
    signed_invoice,
    signer,
    x509_data,
)
from tests.support.verifying import (
    OTHERS,
    SHA1,
    TRUSTED,
    child,
    info_changed,
    of_seller,
    reasons,
)


@pytest.mark.parametrize(
    "method",
    [f"{DS}hmac-sha1", f"{MORE}hmac-sha256", f"{DS}dsa-sha1", f"{MORE}rsa-md5", f"{MORE}ecdsa-sha256", "", "x"],
)
def test_methods_that_are_not_allowed(method: str) -> None:
    hdon = info_changed(lambda info: None)
    of_seller(hdon)[0][1].set("Algorithm", method)
    assert reasons(hdon) == ["algorithm"]
    assert reasons(hdon, SHA1) == ["algorithm"]


@pytest.mark.parametrize("digest", [f"{DS}sha1", "http://www.w3.org/2001/04/xmldsig-more#md5", "", "x"])
def test_digests_that_are_not_allowed(digest: str) -> None:
    assert reasons(info_changed(lambda info: info[2][1].set("Algorithm", digest))) == ["algorithm"]


@pytest.mark.parametrize(
    "canonical", ["http://www.w3.org/2010/xml-c14n2", "", "http://www.w3.org/TR/1999/REC-xslt-19991116"]
)
def test_canonicalisations_that_are_not_allowed(canonical: str) -> None:
    assert reasons(info_changed(lambda info: info[0].set("Algorithm", canonical))) == ["algorithm"]


def test_the_public_key_as_the_secret_of_an_hmac() -> None:
    """The oldest confusion: what everybody knows would be the key."""
    hdon = signed_invoice()
    signature = of_seller(hdon)
    signature[0][1].set("Algorithm", f"{MORE}hmac-sha256")
    public = SELLERS.certificate.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    mac = hmac.HMAC(public, hashes.SHA256())
    mac.update(canonicalised(signature[0]))
    signature[1].text = mac.finalize().hex()
    assert reasons(hdon) == ["algorithm"]


def test_a_truncated_mac() -> None:
    hdon = info_changed(lambda info: setattr(child(info[1], "HMACOutputLength"), "text", "0"))
    assert reasons(hdon) == ["algorithm"]


def test_sha1_by_a_setting_only() -> None:
    hdon = signed_invoice(method=f"{DS}rsa-sha1", digest=f"{DS}sha1")
    assert (reasons(hdon), reasons(hdon, SHA1)) == (["algorithm"], [])
    mixed = signed_invoice(digest=f"{DS}sha1")
    assert (reasons(mixed), reasons(mixed, SHA1)) == (["algorithm"], [])
    assert reasons(signed_invoice(), SHA1) == []


def test_key_value_beside_the_certificate() -> None:
    same = rsa_key_value(rsa_key(1)) + x509_data(SELLERS.certificate)
    other = rsa_key_value(rsa_key(2)) + x509_data(SELLERS.certificate)
    assert reasons(signed_invoice(key_info=same)) == []
    assert reasons(signed_invoice(key_info=other)) == ["certificate"]
    # The attacker's key verifies, the certificate of the seller names the seller.
    attacker = signer(f"MST:{SELLER}", key=rsa_key(2))
    assert reasons(signed_invoice(attacker, key_info=other)) == ["signature"]


EMPTY_EC = '<KeyValue><ECKeyValue xmlns="http://www.w3.org/2009/xmldsig11#"/></KeyValue>'


@pytest.mark.parametrize(
    "key_info",
    [
        rsa_key_value(rsa_key(1)),
        f"<KeyName>{SELLER}</KeyName>",
        "<X509Data/>",
        "<X509Data><X509SubjectName>CN=Test Only</X509SubjectName></X509Data>",
        "<X509Data><X509Certificate/></X509Data>",
        "<X509Data><X509Certificate>AAAA</X509Certificate></X509Data>",
        "<X509Data><X509Certificate>%%%</X509Certificate></X509Data>",
        f"<X509Data><X509Certificate>{'A' * 20_000}</X509Certificate></X509Data>",
        EMPTY_EC + x509_data(SELLERS.certificate),
        "<KeyValue/>" + x509_data(SELLERS.certificate),
        2 * rsa_key_value(rsa_key(1)) + x509_data(SELLERS.certificate),
        '<DEREncodedKeyValue xmlns="http://www.w3.org/2009/xmldsig11#">AAAA</DEREncodedKeyValue>'
        + x509_data(SELLERS.certificate),
        "<PGPData/>" + x509_data(SELLERS.certificate),
        x509_data(SELLERS.certificate, OTHERS.certificate),
        x509_data(OTHERS.certificate, SELLERS.certificate),
        x509_data(SELLERS.certificate) + x509_data(OTHERS.certificate),
    ],
)
def test_key_info_that_does_not_say_who(key_info: str) -> None:
    assert set(reasons(signed_invoice(key_info=key_info))) <= {"certificate", "limit"}
    assert reasons(signed_invoice(key_info=key_info)) != []


def test_a_chain_in_any_order() -> None:
    for certificates_ in ([SELLERS, AUTHORITY], [AUTHORITY, SELLERS], [SELLERS, SELLERS]):
        info = x509_data(*(one.certificate for one in certificates_))
        assert reasons(signed_invoice(key_info=info)) == []
    # Signed by the authority's key, which stands in the chain: the signer is the one at its end.
    info = x509_data(SELLERS.certificate, AUTHORITY.certificate)
    assert reasons(signed_invoice(AUTHORITY, key_info=info)) == ["signature"]


def test_keys_that_are_weak_or_out_of_the_ordinary() -> None:
    small = rsa.generate_private_key(65_537, 1024)
    assert reasons(signed_invoice(signer(f"MST:{SELLER}", key=small))) == ["algorithm"]
    curve = ec.generate_private_key(ec.SECP256K1())
    method = f"{MORE}ecdsa-sha256"
    assert reasons(signed_invoice(signer(f"MST:{SELLER}", key=curve), method=method)) == ["algorithm"]
    numbers = rsa_key(1).public_key().public_numbers()
    slow = rsa.RSAPublicNumbers(e=(1 << 2000) + 1, n=numbers.n).public_key()
    builder = x509.CertificateBuilder().subject_name(x509.Name([])).issuer_name(x509.Name([])).public_key(slow)
    builder = builder.serial_number(1).not_valid_before(datetime(2026, 1, 1, tzinfo=UTC))
    builder = builder.not_valid_after(datetime(2027, 1, 1, tzinfo=UTC))
    assert not certificates.fits(builder.sign(rsa_key(0), hashes.SHA256()), f"{MORE}rsa-sha256")


@pytest.mark.parametrize(
    ("uids", "codes"),
    [
        (["MST:9900000016"], {"9900000016"}),
        (["mst: 9900000016-001"], {"9900000016001"}),
        (["9900000016001"], {"9900000016001"}),
        (["CCCD:001185000000", "MST:9900000016"], {"001185000000", "9900000016"}),
        (["001185000000"], {"001185000000"}),
        (["BHXH:9900000016", "MST:99000000167", "MST:9900000016,MST:9900000023", "MST:", "MST:٩٩٠٠٠٠٠٠١٦"], set()),
        ([], set()),
    ],
)
def test_codes_of_a_certificate(uids: list[str], codes: set[str]) -> None:
    assert certificates.codes(signer(*uids).certificate) == codes


def test_a_certificate_of_nobody() -> None:
    assert reasons(signed_invoice(signer())) == ["certificate-mst"]


@settings(max_examples=300, deadline=None)
@given(st.integers(0, len(SELLERS.der) - 1), st.binary(max_size=2), st.integers(0, 2))
def test_a_damaged_certificate(place: int, written: bytes, over: int) -> None:
    """It is unreadable, or of somebody else, or of another key; or the change is where nothing is read."""
    der = SELLERS.der[:place] + written + SELLERS.der[place + over :]
    text = base64.b64encode(der).decode()
    found = reasons(signed_invoice(key_info=f"<X509Data><X509Certificate>{text}</X509Certificate></X509Data>"), TRUSTED)
    assert (found == []) == (der == SELLERS.der)
