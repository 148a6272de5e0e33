"""Signed invoices and packages for tests: XMLDSig written out by hand, so that it can be wrong in every way.

    signed_invoice()                                  DLHDon signed by the seller, with SigningTime
    signed_invoice(signer("MST:9900000023"))          by somebody else
    sign(hdon, "DSCKS/NBan", SELLER, uris=("#data",)) a signature in the holder at a path below the document's root
    signed_package(uris=("#DLieu",))                  a package with CKSNNT

The RSA keys are fixed and worth nothing: with PKCS #1 v1.5 the same document gives the same bytes each time.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils
from cryptography.x509.oid import NameOID
from lxml import etree

from tests.support.samples import SELLER, invoice, package

KEYS: Final = Path(__file__).with_name("test-only-keys.pem")
DS: Final = "http://www.w3.org/2000/09/xmldsig#"
C14N: Final = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"
EXCLUSIVE: Final = "http://www.w3.org/2001/10/xml-exc-c14n#"
ENVELOPED: Final = f"{DS}enveloped-signature"
MORE: Final = "http://www.w3.org/2001/04/xmldsig-more#"
SHA256: Final = "http://www.w3.org/2001/04/xmlenc#sha256"
TIME: Final = "2026-11-20T09:30:00"

_HASHES: Final[dict[str, Callable[[], hashes.HashAlgorithm]]] = {
    "sha1": hashes.SHA1,
    "sha256": hashes.SHA256,
    "sha384": hashes.SHA384,
    "sha512": hashes.SHA512,
}

Key = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey


@dataclass(frozen=True)
class Signer:
    """A key with its certificate; `others` go into X509Data behind it."""

    key: Key
    certificate: x509.Certificate
    others: tuple[x509.Certificate, ...] = ()

    @property
    def der(self) -> bytes:
        return self.certificate.public_bytes(serialization.Encoding.DER)


@cache
def rsa_key(number: int) -> rsa.RSAPrivateKey:
    """One of three keys: 0 is the authority's, 1 a seller's."""
    pem = KEYS.read_text().split("\n\n")[number]
    key = serialization.load_pem_private_key(pem.encode(), None)
    assert isinstance(key, rsa.RSAPrivateKey)
    return key


def signer(
    *uids: str,
    key: Key | None = None,
    issuer: Signer | None = None,
    first: datetime = datetime(2026, 1, 1, tzinfo=UTC),
    last: datetime = datetime(2028, 12, 31, tzinfo=UTC),
    name: str = "Test Only",
    serial: int = 2,
    extensions: Sequence[tuple[x509.ExtensionType, bool]] = (),
) -> Signer:
    """A certificate whose subject has the UIDs given, issued by the test authority unless told otherwise."""
    key = key or rsa_key(1)
    issuer = issuer or AUTHORITY
    attributes = [x509.NameAttribute(NameOID.USER_ID, uid) for uid in uids]
    return Signer(key, _certificate(key, issuer, [*attributes, _name(name)], first, last, serial, extensions))


def authority(
    name: str, *, key: Key | None = None, issuer: Signer | None = None, serial: int = 1, ca: bool = True
) -> Signer:
    """A self-signed authority, or one below `issuer`; `ca` False makes one that may not be one."""
    key = key or rsa_key(0)
    constraints = (x509.BasicConstraints(ca=ca, path_length=None), True)
    first, last = datetime(2020, 1, 1, tzinfo=UTC), datetime(2035, 1, 1, tzinfo=UTC)
    return Signer(key, _certificate(key, issuer, [_name(name)], first, last, serial, [constraints]))


def _name(text: str) -> x509.NameAttribute:  # type: ignore[type-arg]
    return x509.NameAttribute(NameOID.COMMON_NAME, text)


def _certificate(
    key: Key,
    issuer: Signer | None,
    subject: list[x509.NameAttribute],  # type: ignore[type-arg]
    first: datetime,
    last: datetime,
    serial: int,
    extensions: Sequence[tuple[x509.ExtensionType, bool]],
) -> x509.Certificate:
    names = x509.Name(subject)
    builder = (
        x509.CertificateBuilder()
        .subject_name(names)
        .issuer_name(issuer.certificate.subject if issuer else names)
        .public_key(key.public_key())
        .serial_number(serial)
        .not_valid_before(first)
        .not_valid_after(last)
    )
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical)
    signing = (issuer.key if issuer else key).public_key()
    builder = builder.add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signing), False)
    builder = builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False)
    return builder.sign(issuer.key if issuer else key, hashes.SHA256())


AUTHORITY: Final = authority("Test Only Authority")
SELLERS: Final = signer(f"MST:{SELLER}")


def sign(
    root: etree._Element,
    holder: str,
    by: Signer = SELLERS,
    *,
    uris: Sequence[str] = ("#data",),
    time: str | None = TIME,
    method: str = f"{MORE}rsa-sha256",
    digest: str = SHA256,
    canonical: str = C14N,
    transforms: Sequence[str] = (ENVELOPED,),
    key_info: str | None = None,
    objects: str = "",
    prefix: str = "",
) -> etree._Element:
    """Sign the elements of the document `root` that `uris` name. `time` None leaves SigningTime out.

    `key_info` replaces the content of KeyInfo, `objects` adds ds:Object.
    """
    held = _make(root, holder)
    colon = f"{prefix}:" if prefix else ""
    references = [(uri, transforms) for uri in uris]
    if time is not None:
        references.append((f"#time-{held.tag}", ()))
        objects += (
            f'<{colon}Object Id="time-{held.tag}"><{colon}SignatureProperties><{colon}SignatureProperty Target="#x">'
            f"<{colon}SigningTime>{time}</{colon}SigningTime>"
            f"</{colon}SignatureProperty></{colon}SignatureProperties></{colon}Object>"
        )
    if key_info is None:
        key_info = x509_data(by.certificate, *by.others, colon=colon)
    wholes = {uri: etree.tostring(root, method="c14n") for uri in uris if not uri.startswith("#")}
    text = "".join(
        (
            f'<{colon}Signature xmlns{":" if prefix else ""}{prefix}="{DS}"><{colon}SignedInfo>',
            f'<{colon}CanonicalizationMethod Algorithm="{canonical}"/><{colon}SignatureMethod Algorithm="{method}"/>',
            *(_reference(uri, used, digest, colon) for uri, used in references),
            f"</{colon}SignedInfo><{colon}SignatureValue/>",
            f"<{colon}KeyInfo>{key_info}</{colon}KeyInfo>" if key_info else "",
            f"{objects}</{colon}Signature>",
        )
    )
    signature = etree.fromstring(text)
    held.append(signature)
    info, value = signature[0], signature[1]
    for (uri, used), reference in zip(references, info[2:], strict=True):
        named = root.xpath("//*[@Id = $id]", id=uri[1:]) if uri.startswith("#") else ()
        octets = _transformed(named[0], used) if named else wholes.get(uri, b"")
        reference[-1].text = _base64(_digest(octets, digest))
    value.text = _base64(_signed(canonicalised(info, canonical), by.key, method))
    return signature


def again(signature: etree._Element, by: Signer = SELLERS) -> None:
    """Sign SignedInfo again, after something in it was changed; as RSA with SHA-256 where it does not say how."""
    info = signature[0]
    named = {child.tag.rpartition("}")[2]: child.get("Algorithm", "") for child in info}
    method = named.get("SignatureMethod") or f"{MORE}rsa-sha256"
    octets = canonicalised(info, named.get("CanonicalizationMethod", ""))
    signature[1].text = _base64(_signed(octets, by.key, method))


def canonicalised(element: etree._Element, algorithm: str = C14N) -> bytes:
    """In the namespaces that are in scope, as in its document."""
    alone = etree.fromstring(etree.tostring(element, with_tail=False))
    return etree.tostring(alone, method="c14n", exclusive=algorithm.startswith(EXCLUSIVE))


def x509_data(*certificates: x509.Certificate, colon: str = "") -> str:
    held = "".join(
        f"<{colon}X509Certificate>{_base64(one.public_bytes(serialization.Encoding.DER))}</{colon}X509Certificate>"
        for one in certificates
    )
    return f"<{colon}X509Data>{held}</{colon}X509Data>"


def rsa_key_value(key: rsa.RSAPrivateKey) -> str:
    numbers = key.public_key().public_numbers()
    modulus, exponent = (
        _base64(number.to_bytes(-(-number.bit_length() // 8), "big")) for number in (numbers.n, numbers.e)
    )
    return (
        f"<KeyValue><RSAKeyValue><Modulus>{modulus}</Modulus><Exponent>{exponent}</Exponent></RSAKeyValue></KeyValue>"
    )


def signed_invoice(by: Signer = SELLERS, *, hdon: etree._Element | None = None, **options: object) -> etree._Element:
    """An HDon whose DLHDon has the Id `data` and is signed in DSCKS/NBan."""
    hdon = invoice() if hdon is None else hdon
    data = hdon.find("DLHDon")
    assert data is not None
    data.set("Id", "data")
    sign(hdon, "DSCKS/NBan", by, **options)  # type: ignore[arg-type]
    return hdon


def signed_package(
    by: Signer = SELLERS, *, body: bytes | None = None, uris: Sequence[str] = ("",), **options: object
) -> bytes:
    """A package whose CKSNNT signs TDiep, or with `uris` `#DLieu` its DLieu."""
    root = etree.fromstring(package() if body is None else body)
    data = root.find("DLieu")
    assert data is not None
    if "#DLieu" in uris:
        data.set("Id", "DLieu")
    sign(root, "CKSNNT", by, uris=uris, **options)  # type: ignore[arg-type]
    return etree.tostring(root, encoding="UTF-8", xml_declaration=True)


def of(signing: Signer, *others: Signer) -> Signer:
    """The same with other certificates in X509Data."""
    return replace(signing, others=tuple(other.certificate for other in others))


def _reference(uri: str, transforms: Sequence[str], digest: str, colon: str) -> str:
    listed = "".join(f'<{colon}Transform Algorithm="{algorithm}"/>' for algorithm in transforms)
    within = f"<{colon}Transforms>{listed}</{colon}Transforms>" if listed else ""
    return (
        f'<{colon}Reference URI="{uri}">{within}<{colon}DigestMethod Algorithm="{digest}"/><{colon}DigestValue/>'
        f"</{colon}Reference>"
    )


def _transformed(element: etree._Element, transforms: Sequence[str]) -> bytes:
    octets = etree.tostring(element, with_tail=False)
    for algorithm in [name for name in transforms if name != ENVELOPED] or [C14N]:
        octets = etree.tostring(etree.fromstring(octets), method="c14n", exclusive=algorithm.startswith(EXCLUSIVE))
    return octets


def _hash(algorithm: str) -> hashes.HashAlgorithm:
    return _HASHES[algorithm.rpartition("#")[2].rpartition("-")[2]]()


def _digest(octets: bytes, algorithm: str) -> bytes:
    hasher = hashes.Hash(_hash(algorithm))
    hasher.update(octets)
    return hasher.finalize()


def _signed(octets: bytes, key: Key, method: str) -> bytes:
    if isinstance(key, rsa.RSAPrivateKey):
        return key.sign(octets, padding.PKCS1v15(), _hash(method))
    r, s = utils.decode_dss_signature(key.sign(octets, ec.ECDSA(_hash(method))))
    size = -(-key.key_size // 8)
    return r.to_bytes(size, "big") + s.to_bytes(size, "big")


def _base64(octets: bytes) -> str:
    return base64.b64encode(octets).decode()


def _make(root: etree._Element, path: str) -> etree._Element:
    at = root
    for name in path.split("/"):
        found = at.find(name)
        at = etree.SubElement(at, name) if found is None else found
    return at
