"""ENV-11, SIG-01. Certificates of a test authority that nothing here trusts: the chain is not looked at."""

from __future__ import annotations

import copy
from collections.abc import Callable
from datetime import UTC, datetime

from lxml import etree

from tests.support.samples import BRANCH, HOUSEHOLD, PROVIDER, SELLER_2, household, invoice, package
from tests.support.signing import (
    C14N,
    DS,
    ENVELOPED,
    EXCLUSIVE,
    SELLERS,
    Signer,
    again,
    sign,
    signed_invoice,
    signed_package,
    signer,
)
from tests.vectors.parts import Vectors, find, pretty

Change = Callable[[etree._Element], object]

OTHER = signer(f"MST:{SELLER_2}")
PROVIDERS = signer(f"MST:{PROVIDER[1:]}")
EXPIRED = signer("MST:9900000016", last=datetime(2026, 11, 19, tzinfo=UTC))
COMING = signer("MST:9900000016", first=datetime(2026, 11, 21, tzinfo=UTC))
_SIGNATURE = f"{{{DS}}}Signature"


def _indented(*hdons: etree._Element, **envelope: object) -> etree._Element:
    """A package as people read it, before anything is signed."""
    return etree.fromstring(pretty(package(hdons or [invoice()], **envelope)))  # type: ignore[arg-type]


def _bytes(root: etree._Element) -> bytes:
    return etree.tostring(root, encoding="UTF-8", xml_declaration=True) + b"\n"


def packages(vectors: Vectors) -> None:
    def add(name: str, by: Signer = SELLERS, change: Change | None = None, why: str = "", **options: object) -> None:
        root = etree.fromstring(signed_package(by, body=_bytes(_indented()), **options))  # type: ignore[arg-type]
        if change:
            change(root)
        vectors.add(f"ENV-11/{name}", _bytes(root), data={"reason": why} if why else None)

    def text(path: str, value: str) -> Change:
        return lambda root: setattr(find(root, path), "text", value)

    add("pass-TDiep-signed")
    add("pass-DLieu-signed-by-its-Id", uris=("#DLieu",))
    add("pass-signed-by-the-sender", PROVIDERS)
    add("pass-header-changed-but-only-DLieu-signed", uris=("#DLieu",), change=text("TTChung/PBan", "2.0.1"))
    add("pass-no-time-of-signing", time=None)
    vectors.add("ENV-11/pass-empty-CKSNNT", _bytes(_indented(edit={"CKSNNT": ""})))
    vectors.add("ENV-11/pass-blank-CKSNNT", _bytes(_indented(edit={"CKSNNT": " \n "})))

    add("fail-header-changed", change=text("TTChung/PBan", "2.0.1"), why="digest")
    add("fail-invoice-changed", uris=("#DLieu",), change=text(".//SHDon", "2"), why="digest")
    add("fail-of-another-taxpayer", OTHER, why="certificate-mst")
    add("fail-only-the-time-of-signing-covered", uris=(), why="reference")
    add("fail-expired-when-it-was-signed", EXPIRED, why="expired")
    vectors.add(
        "ENV-11/fail-text-instead-of-a-signature",
        _bytes(_indented(edit={"CKSNNT": "MIIC"})),
        data={"reason": "malformed"},
    )


def invoices(vectors: Vectors) -> None:
    def add(name: str, by: Signer = SELLERS, change: Change | None = None, why: str = "", **options: object) -> None:
        root = _indented()
        hdon = signed_invoice(by, hdon=find(root, "DLieu/HDon"), **options)
        if change:
            change(hdon)
        vectors.add(f"SIG-01/{name}", _bytes(root), data={"reason": why} if why else None)

    def text(path: str, value: str) -> Change:
        return lambda hdon: setattr(find(hdon, path), "text", value)

    def resigned(change: Change) -> Change:
        def then(hdon: etree._Element) -> None:
            signature = find(hdon, f"DSCKS/NBan/{_SIGNATURE}")
            change(signature[0])
            again(signature)

        return then

    add("pass-DLHDon-and-time")
    add("pass-without-time", time=None)
    add("pass-whole-invoice", uris=("",))
    add("pass-exclusive-canonicalisation", canonical=EXCLUSIVE, transforms=(ENVELOPED, EXCLUSIVE))
    add("pass-canonicalised-twice", transforms=(ENVELOPED, EXCLUSIVE, C14N))
    add("pass-prefix-ds", prefix="ds")
    add("pass-code-and-QR-added-after-signing", change=text("MCCQT", "M1-26-ABCDE-00000000002"))
    add("pass-signed-on-the-last-day", signer("MST:9900000016", last=datetime(2026, 11, 20, 2, 30, tzinfo=UTC)))
    add("pass-several-codes-in-the-certificate", signer("CCCD:001185000000", "MST:9900000016"))
    vectors.add("SIG-01/pass-empty-places", _bytes(_indented(invoice(edit={"../DSCKS/NBan": "", "../DSCKS/CQT": ""}))))

    root = _indented(household(), mst=HOUSEHOLD, mngui=f"K{HOUSEHOLD}")
    signed_invoice(signer(f"CCCD:{HOUSEHOLD}"), hdon=find(root, "DLieu/HDon"))
    vectors.add("SIG-01/pass-household-by-its-personal-ID", _bytes(root))
    for name, code in (("pass-branch", BRANCH), ("fail-head-office-for-its-branch", BRANCH[:10])):
        root = _indented(invoice(mst=BRANCH), mst=BRANCH)
        signed_invoice(signer(f"MST:{code}"), hdon=find(root, "DLieu/HDon"))
        vectors.add(f"SIG-01/{name}", _bytes(root))

    root = _indented()
    hdon = signed_invoice(hdon=find(root, "DLieu/HDon"))
    find(hdon, "MCCQT").set("Id", "code")
    sign(hdon, "DSCKS/CQT", signer("MST:9900000030"), uris=("#code",))
    vectors.add("SIG-01/pass-authority-signs-the-code-only", _bytes(root))
    find(hdon, "MCCQT").text = "M1-26-ABCDE-00000000002"
    vectors.add("SIG-01/fail-code-changed-that-the-authority-signed", _bytes(root), data={"reason": "digest"})

    add("fail-value-changed", change=text("DLHDon/TTChung/SHDon", "2"), why="digest")
    add("fail-space-added", change=text("DLHDon/TTChung/HTTToan", "TM/CK "), why="digest")
    add(
        "fail-time-of-signing-changed",
        change=lambda hdon: setattr(find(hdon, ".//{*}SigningTime"), "text", "x"),
        why="digest",
    )
    add("fail-certificate-of-another-taxpayer", OTHER, why="certificate-mst")
    add("fail-expired-when-it-was-signed", EXPIRED, why="expired")
    add("fail-not-yet-valid-when-it-was-signed", COMING, why="not-yet-valid")
    add("fail-no-certificate", key_info="", why="certificate")
    add("fail-sha-1", method=f"{DS}rsa-sha1", digest=f"{DS}sha1", why="algorithm")
    add("fail-only-the-time-of-signing-covered", uris=(), why="reference")
    add("fail-external-reference", uris=("#data", "https://example.invalid/"), why="reference")
    add("fail-transform-not-allowed", transforms=("http://www.w3.org/TR/1999/REC-xslt-19991116",), why="transform")
    add("fail-no-reference", change=resigned(lambda info: info.__delitem__(slice(2, None))), why="reference")

    def moved(hdon: etree._Element) -> None:
        """The signed DLHDon moves into the signature, another one takes its place."""
        data = find(hdon, "DLHDon")
        forged = copy.deepcopy(data)
        forged.set("Id", "forged")
        find(forged, "TTChung/SHDon").text = "2"
        hdon.replace(data, forged)
        etree.SubElement(find(hdon, f"DSCKS/NBan/{_SIGNATURE}"), f"{{{DS}}}Object").append(data)

    add(
        "fail-signed-data-moved-into-the-signature",
        change=moved,
        prefix="ds",
        transforms=(ENVELOPED, EXCLUSIVE),
        why="reference",
    )
