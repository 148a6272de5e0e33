"""Signatures that hold: algorithms, canonicalisations, and the ways they are written in the field."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
import signxml
from cryptography.hazmat.primitives.asymmetric import ec
from lxml import etree

from tests.support.samples import PROVIDER, SELLER, invoice, package
from tests.support.signing import (
    C14N,
    DS,
    ENVELOPED,
    EXCLUSIVE,
    MORE,
    SELLERS,
    SHA256,
    Signer,
    rsa_key,
    sign,
    signed_invoice,
    signed_package,
    signer,
)
from tests.support.verifying import (
    C14N11,
    OTHERS,
    SIGNATURE,
    at,
    of_seller,
    package_reasons,
    reasons,
)


@pytest.mark.parametrize("bits", [256, 384, 512])
def test_rsa(bits: int) -> None:
    digest = {256: SHA256, 384: f"{MORE}sha384", 512: "http://www.w3.org/2001/04/xmlenc#sha512"}[bits]
    assert reasons(signed_invoice(method=f"{MORE}rsa-sha{bits}", digest=digest)) == []


@pytest.mark.parametrize(("curve", "bits"), [(ec.SECP256R1(), 256), (ec.SECP384R1(), 384), (ec.SECP521R1(), 512)])
def test_ecdsa(curve: ec.EllipticCurve, bits: int) -> None:
    by = signer(f"MST:{SELLER}", key=ec.generate_private_key(curve))
    hdon = signed_invoice(by, method=f"{MORE}ecdsa-sha{bits}")
    assert reasons(hdon) == []
    at(hdon, "DLHDon/TTChung/SHDon").text = "2"
    assert reasons(hdon) == ["digest"]


@pytest.mark.parametrize("canonical", [C14N, f"{C14N}#WithComments", C14N11, EXCLUSIVE, f"{EXCLUSIVE}WithComments"])
@pytest.mark.parametrize("prefix", ["", "ds"])
@pytest.mark.parametrize(
    "transforms", [(), (ENVELOPED,), (EXCLUSIVE,), (ENVELOPED, C14N), (ENVELOPED, EXCLUSIVE, C14N)]
)
def test_canonicalisations(canonical: str, prefix: str, transforms: Sequence[str]) -> None:
    assert reasons(signed_invoice(canonical=canonical, prefix=prefix, transforms=transforms)) == []


@pytest.mark.parametrize("uris", [("",), ("#DLieu",), ("#DLieu", "#DLieu")])
@pytest.mark.parametrize("by", [SELLERS, signer(f"MST:{PROVIDER[1:]}")])
def test_package(uris: Sequence[str], by: Signer) -> None:
    body = package([invoice(shdon=1), signed_invoice(hdon=invoice(shdon=2)), signed_invoice(hdon=invoice(shdon=3))])
    assert package_reasons(signed_package(by, body=body, uris=uris)) == []


@pytest.mark.parametrize("names", [{"ds": DS}, {None: DS}])
@pytest.mark.parametrize("method", [signxml.methods.enveloped, signxml.methods.detached])
def test_what_signxml_signs(names: dict[str | None, str], method: signxml.SignatureConstructionMethod) -> None:
    hdon = invoice()
    hdon[0].set("Id", "data")
    holder = etree.SubElement(etree.SubElement(hdon, "DSCKS"), "NBan")
    maker = signxml.XMLSigner(method=method)
    maker.namespaces = names
    if method == signxml.methods.enveloped:
        etree.SubElement(holder, SIGNATURE, {"Id": "placeholder"}, nsmap=names)
    made = maker.sign(hdon, key=rsa_key(1), cert=[SELLERS.certificate], reference_uri="#data")
    if method == signxml.methods.detached:
        holder.append(made)
        made = hdon
    assert reasons(made) == []


def test_a_signature_of_the_invoice_alone_in_a_package_that_declares_namespaces() -> None:
    inner = etree.tostring(signed_invoice(), encoding="unicode")
    whole = package(["<HDon/>"]).decode().replace("<HDon/>", inner)
    declared = whole.replace("<TDiep>", '<TDiep xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">')
    assert reasons(declared.encode()) == []
    assert reasons(declared.replace("<SHDon>1<", "<SHDon>2<").encode()) == ["digest"]


def test_a_signature_over_the_package_of_one_invoice() -> None:
    root = etree.fromstring(package())
    sign(root, "DLieu/HDon/DSCKS/NBan", uris=("",))
    assert reasons(etree.tostring(root)) == []
    at(root, "TTChung/PBan").text = "2.0.1"
    assert reasons(etree.tostring(root)) == ["digest"]


def test_several_signatures_in_one_place() -> None:
    hdon = signed_invoice()
    sign(hdon, "DSCKS/CCKSKhac", OTHERS, time=None)
    second = sign(hdon, "DSCKS/CCKSKhac", OTHERS)
    assert reasons(hdon) == []
    second[1].text = of_seller(hdon)[1].text
    assert reasons(hdon) == ["signature"]


def test_xades_properties_are_a_reference_of_their_own() -> None:
    properties = (
        '<Object><q:QualifyingProperties xmlns:q="http://uri.etsi.org/01903/v1.3.2#" Target="#s">'
        '<q:SignedProperties Id="p"><q:SigningTime>2026-11-20T10:00:00+07:00</q:SigningTime></q:SignedProperties>'
        "</q:QualifyingProperties></Object>"
    )
    assert reasons(signed_invoice(uris=("#data", "#p"), time=None, objects=properties)) == []
