"""Signatures that hold, and every other shape."""

from __future__ import annotations

import copy
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

import pytest
import signxml
from cryptography import x509
from cryptography.hazmat.primitives import hashes, hmac, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from invoice_schema.envelope import open_package
from invoice_schema.parser import Refused, parse
from invoice_schema.signatures import certificates
from invoice_schema.signatures.check import MOST_IN_INVOICE, MOST_IN_PACKAGE, invoice_failures
from invoice_schema.signatures.trust import NO_AUTHORITIES, Trust, Unverified
from rules.history import Remembered
from rules.intake import take_in
from rules.judge import judge
from tests.support.samples import PROVIDER, SELLER, SELLER_2, invoice, package
from tests.support.signing import (
    AUTHORITY,
    C14N,
    DS,
    ENVELOPED,
    EXCLUSIVE,
    MORE,
    SELLERS,
    SHA256,
    Signer,
    again,
    authority,
    canonicalised,
    of,
    rsa_key,
    rsa_key_value,
    sign,
    signed_invoice,
    signed_package,
    signer,
    x509_data,
)

SIGNATURE = f"{{{DS}}}Signature"
TRUSTED = Trust((AUTHORITY.der,))
SHA1 = Trust(allow_sha1=True)
OTHERS = signer(f"MST:{SELLER_2}", key=rsa_key(2))
C14N11 = "http://www.w3.org/2006/12/xml-c14n11"


def us(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp()) * 1_000_000


def reasons(
    hdon: etree._Element | bytes, trust: Trust = NO_AUTHORITIES, received_us: int | None = None, place: int = 0
) -> list[str]:
    """Why the signatures of an HDon, put into a package, do not verify."""
    body = hdon if isinstance(hdon, bytes) else package([hdon])
    found = parse(body).root.findall("DLieu/HDon")[place]
    return [reason for _, reason in invoice_failures(found, trust, received_us)]


def package_reasons(body: bytes, trust: Trust = NO_AUTHORITIES, received_us: int | None = None) -> list[str]:
    findings = open_package(body, trust=trust, received_us=received_us).findings
    assert {finding.code for finding in findings} <= {"ENV-11"}
    return [finding.data["reason"] for finding in findings]


def of_seller(hdon: etree._Element) -> etree._Element:
    found = hdon.find(f"DSCKS/NBan/{SIGNATURE}")
    assert found is not None
    return found


def at(root: etree._Element, path: str) -> etree._Element:
    found = root.find(path, {"ds": DS})
    assert found is not None, path
    return found


def objects(xml: str) -> etree._Element:
    return etree.fromstring(f'<Object xmlns="{DS}">{xml}</Object>')


# What holds


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


# What was changed


def changed(path: str, text: str) -> Callable[[etree._Element], None]:
    return lambda hdon: setattr(at(hdon, path), "text", text)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (changed("DLHDon/NDHDon/TToan/TgTTTBSo", "1"), "digest"),
        (changed("DLHDon/TTChung/HTTToan", " TM/CK"), "digest"),
        (lambda hdon: at(hdon, "DLHDon").set("Id", "other"), "reference"),
        (lambda hdon: etree.SubElement(at(hdon, "DLHDon/NDHDon"), "TTKhac"), "digest"),
        (lambda hdon: at(hdon, "DLHDon/TTChung").set("a", "b"), "digest"),
        (lambda hdon: setattr(at(hdon, "DLHDon/TTChung"), "tail", "\n"), "digest"),
        (changed(f"DSCKS/NBan/{SIGNATURE}/ds:SignatureValue", "AAAA"), "signature"),
        (changed(f"DSCKS/NBan/{SIGNATURE}/ds:SignatureValue", "%"), "signature"),
        (changed(f"DSCKS/NBan/{SIGNATURE}/ds:SignatureValue", ""), "malformed"),
        (changed(f"DSCKS/NBan/{SIGNATURE}/ds:SignedInfo/ds:Reference/ds:DigestValue", "AAAA"), "signature"),
        (lambda hdon: at(hdon, f"DSCKS/NBan/{SIGNATURE}/ds:SignedInfo").set("Id", "x"), "signature"),
    ],
)
def test_changed(change: Callable[[etree._Element], None], reason: str) -> None:
    hdon = signed_invoice()
    change(hdon)
    assert reasons(hdon) == [reason]


SIGNED = package([signed_invoice()])
START, END = SIGNED.index(b"<DLHDon"), SIGNED.index(b"</DLHDon>") + len(b"</DLHDon>")
ORIGINAL = canonicalised(etree.fromstring(SIGNED).find("DLieu/HDon/DLHDon"))  # type: ignore[arg-type]


@settings(max_examples=400, deadline=None)
@given(st.integers(START, END - 1), st.binary(min_size=0, max_size=3), st.integers(0, 2))
def test_any_change_of_bytes_is_found_or_changes_nothing(place: int, written: bytes, over: int) -> None:
    body = SIGNED[:place] + written + SIGNED[place + over :]
    try:
        root = parse(body).root
    except Refused:
        return
    hdon, data = root.find("DLieu/HDon"), root.find("DLieu/HDon/DLHDon")
    same = hdon is not None and data is not None and canonicalised(data) == ORIGINAL
    assert hdon is None or (not invoice_failures(hdon, NO_AUTHORITIES, None)) == same


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_any_change_of_elements_is_found_or_changes_nothing(data: st.DataObject) -> None:
    root = etree.fromstring(SIGNED)
    hdon = at(root, "DLieu/HDon")
    elements = list(at(hdon, "DLHDon").iter())
    one, other = data.draw(st.sampled_from(elements)), data.draw(st.sampled_from(elements))
    match data.draw(st.sampled_from(["move", "copy", "remove", "swap", "comment"])):
        case "move" if one is not other and one not in other.iterancestors() and one is not elements[0]:
            other.insert(0, one)
        case "copy" if one.getparent() is not None:
            other.append(copy.deepcopy(one))
        case "remove" if one is not elements[0]:
            at(hdon, "DLHDon")
            one.getparent().remove(one)
        case "swap":
            one.text, other.text = other.text, one.text
        case _:
            one.insert(0, etree.Comment("x"))
    body = etree.tostring(root)
    read = parse(body).root.find("DLieu/HDon/DLHDon")
    assert read is not None
    assert (reasons(body) == []) == (canonicalised(read) == ORIGINAL)


# How it is written makes no difference; what is read is what was signed


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("<SHDon>12<", "<SHDon>1<!-- -->2<"),
        ("<SHDon>12<", "<SHDon><![CDATA[1]]>2<"),
        ("<SHDon>12<", "<SHDon>&#49;&#x32;<"),
        ("<SHDon>12<", "<SHDon\n>12<"),
        ('<DLHDon Id="data">', "<DLHDon Id='d&#97;ta'>"),
        ("<DLHDon ", "<!-- <DLHDon Id='data'/> --><DLHDon "),
    ],
)
def test_another_writing_of_the_same(before: str, after: str) -> None:
    body = package([signed_invoice(hdon=invoice(shdon=12))]).decode()
    assert before in body
    taken = take_in(body.replace(before, after).encode())
    assert taken.document is not None
    assert not taken.document.unverified
    columns = judge([taken.document], [None], Remembered()).columns
    assert columns.text("TTChung/SHDon").to_pylist() == ["12"]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("<SHDon>12<", "<SHDon>1<!--2--><"),
        (f"<MST>{SELLER}<", f"<MST>{SELLER_2}<!--{SELLER}--><"),
        ("<SHDon>12<", "<SHDon><![CDATA[1<!-- -->2]]><"),
        ("<SHDon>12<", "<SHDon>12\n<"),
        ("<SHDon>12<", "<SHDon>12&#13;<"),
    ],
)
def test_another_value(before: str, after: str) -> None:
    body = package([signed_invoice(hdon=invoice(shdon=12))]).decode()
    head, _, rest = body.partition("<DLHDon")
    assert before in rest
    assert "digest" in reasons((head + "<DLHDon" + rest.replace(before, after, 1)).encode())


def test_a_comment_that_was_there_at_signing_hides_nothing() -> None:
    """Whoever reads the first piece of text only would read the MST of somebody else."""
    hdon = invoice(mst=SELLER)
    mst = at(hdon, "DLHDon/NDHDon/NBan/MST")
    mst.append(etree.Comment("x"))
    mst[0].tail = "7"
    alone = etree.fromstring(etree.tostring(hdon), etree.XMLParser(remove_comments=True))
    body = package(
        [etree.tostring(signed_invoice(hdon=alone), encoding="unicode").replace(f"{SELLER}7", f"{SELLER}<!--x-->7")]
    )
    assert reasons(body) == ["certificate-mst"]


@pytest.mark.parametrize("name", ["Cà phê & <bánh> \"mì\" 'ổ' ]]> \u00a0\u2028 😀", "a\tb\nc\rd", "  \n "])
def test_any_text_survives_the_second_parser(name: str) -> None:
    assert reasons(signed_invoice(hdon=invoice(edit={"NDHDon/NMua/DChi": name, "TTChung/THDon": name}))) == []


def test_line_ends_of_the_file() -> None:
    body = etree.tostring(etree.fromstring(package([signed_invoice()])), pretty_print=False)
    root = etree.fromstring(package([invoice()]))
    etree.indent(root)
    signed_invoice(hdon=at(root, "DLieu/HDon"))
    assert reasons(etree.tostring(root).replace(b"\n", b"\r\n")) == []
    assert reasons(body) == []


# Wrapping


def forged(hdon: etree._Element, identifier: str | None) -> tuple[etree._Element, etree._Element]:
    """The signed DLHDon taken out, and a false one in its place."""
    data = at(hdon, "DLHDon")
    false = copy.deepcopy(data)
    at(false, "NDHDon/TToan/TgTTTBSo").text = "1"
    false.attrib.clear()
    if identifier is not None:
        false.set("Id", identifier)
    hdon.replace(data, false)
    return data, false


def signed_to_be_moved() -> etree._Element:
    """In a way that does not notice where the data stand."""
    hdon = signed_invoice(prefix="ds", canonical=EXCLUSIVE, transforms=(ENVELOPED, EXCLUSIVE), time=None)
    child(of_seller(hdon), "Object")
    return hdon


@pytest.mark.parametrize("identifier", [None, "other", "data"])
@pytest.mark.parametrize(
    "path", [f"DSCKS/NBan/{SIGNATURE}/{{{DS}}}Object", "DSCKS/NBan", "DSCKS/CCKSKhac", "DSCKS", "DLHDon/TTKhac", "."]
)
def test_signed_data_moved_elsewhere(path: str, identifier: str | None) -> None:
    hdon = signed_to_be_moved()
    data, _ = forged(hdon, identifier)
    if path.endswith("CCKSKhac"):
        etree.SubElement(at(hdon, "DSCKS"), "CCKSKhac")
    if path.endswith("TTKhac"):
        etree.SubElement(at(hdon, "DLHDon"), "TTKhac")
    place = at(hdon, path)
    place.append(data)
    assert reasons(hdon) == ["duplicate-id" if identifier == "data" else "reference"]


@pytest.mark.parametrize("path", ["DLieu", "TTChung", "."])
def test_signed_data_moved_out_of_the_invoice(path: str) -> None:
    hdon = signed_to_be_moved()
    data, _ = forged(hdon, None)
    root = etree.fromstring(package([hdon]))
    at(root, path).append(data)
    assert reasons(etree.tostring(root)) == ["reference"]


def test_the_invoice_beside_is_not_the_one_that_was_signed() -> None:
    """Both have the Id; the second refers to its own DLHDon, whatever a search of the package would find first."""
    true = signed_invoice()
    false = copy.deepcopy(true)
    at(false, "DLHDon/TTChung/SHDon").text = "2"
    body = package([true, false])
    assert (reasons(body, place=0), reasons(body, place=1)) == ([], ["digest"])


def test_ids_are_unique_in_the_invoice_not_in_the_package() -> None:
    body = package([signed_invoice(hdon=invoice(shdon=number)) for number in (1, 2, 3)])
    assert [reasons(body, place=place) for place in range(3)] == [[], [], []]


@pytest.mark.parametrize("name", ["Id", "ID", "id", "{urn:x}Id", "{http://www.w3.org/XML/1998/namespace}id"])
def test_two_elements_of_one_id(name: str) -> None:
    hdon = signed_invoice()
    etree.SubElement(etree.SubElement(at(hdon, "DSCKS"), "CCKSKhac"), "x").set(name, "data")
    assert reasons(hdon) == ["duplicate-id"]


@pytest.mark.parametrize("name", ["ID", "id", "{urn:x}Id"])
def test_an_id_of_another_name_is_none(name: str) -> None:
    hdon = signed_invoice()
    data = at(hdon, "DLHDon")
    del data.attrib["Id"]
    data.set(name, "data")
    assert reasons(hdon) == ["reference"]


def test_only_an_object_of_its_own_is_signed() -> None:
    hdon = invoice()
    sign(hdon, "DSCKS/NBan", uris=("#o",), time=None, objects=f'<Object Id="o">{SELLER}</Object>')
    assert reasons(hdon) == ["reference"]
    sign(hdon, "DSCKS/NMua", OTHERS, uris=())
    assert reasons(hdon) == ["reference", "reference"]


def test_another_part_of_the_invoice_is_not_enough_for_the_seller() -> None:
    hdon = invoice()
    at(hdon, "MCCQT").set("Id", "code")
    sign(hdon, "DSCKS/NBan", uris=("#code",))
    sign(hdon, "DSCKS/CQT", OTHERS, uris=("#code",))
    assert reasons(hdon) == ["reference"]


def test_a_signature_inside_a_signature() -> None:
    hdon = signed_invoice()
    inner = copy.deepcopy(of_seller(hdon))
    etree.SubElement(of_seller(hdon), f"{{{DS}}}Object").append(inner)
    assert reasons(hdon) == ["malformed"]


def test_a_reference_to_the_signature_itself() -> None:
    hdon = signed_invoice()
    sign(hdon, "DSCKS/NMua", OTHERS, time=None)
    signature = at(hdon, f"DSCKS/NMua/{SIGNATURE}")
    signature.set("Id", "self")
    at(signature, "ds:SignedInfo/ds:Reference").set("URI", "#self")
    again(signature, OTHERS)
    assert reasons(hdon) == ["reference"]


@pytest.mark.parametrize("tag", ["Signature", "{urn:x}Signature"])
def test_a_signature_of_another_namespace(tag: str) -> None:
    hdon = invoice()
    etree.SubElement(etree.SubElement(etree.SubElement(hdon, "DSCKS"), "NBan"), tag)
    assert reasons(hdon) == ["malformed"]


def test_no_signature_no_finding() -> None:
    for xml in ("<DSCKS/>", "<DSCKS><NBan/></DSCKS>", "<DSCKS><NBan>MIIC</NBan><CQT><x/></CQT></DSCKS>"):
        hdon = invoice()
        hdon.append(etree.fromstring(xml))
        assert reasons(hdon) == []


@pytest.mark.parametrize("path", ["DLieu", "TTChung"])
def test_package_parts_moved_into_the_signature(path: str) -> None:
    root = etree.fromstring(
        signed_package(uris=("#DLieu",), prefix="ds", canonical=EXCLUSIVE, transforms=(ENVELOPED, EXCLUSIVE))
    )
    data = at(root, "DLieu")
    false = copy.deepcopy(data)
    del false.attrib["Id"]
    at(false, "HDon/DLHDon/TTChung/SHDon").text = "2"
    root.replace(data, false)
    etree.SubElement(at(root, f"CKSNNT/{SIGNATURE}"), f"{{{DS}}}Object").append(data)
    assert package_reasons(etree.tostring(root)) == ["reference"]


def test_a_package_signed_in_part() -> None:
    root = etree.fromstring(package())
    at(root, "TTChung").set("Id", "head")
    at(root, "DLieu/HDon/DLHDon").set("Id", "data")
    sign(root, "CKSNNT", uris=("#head", "#data"))
    assert package_reasons(etree.tostring(root)) == ["reference"]


def test_a_package_of_another_taxpayer() -> None:
    assert package_reasons(signed_package(OTHERS)) == ["certificate-mst"]


def test_an_invoice_taken_out_or_added() -> None:
    two = package([invoice(shdon=1), invoice(shdon=2)])
    for change in ("out", "in"):
        root = etree.fromstring(signed_package(body=two, uris=("#DLieu",)))
        data = at(root, "DLieu")
        if change == "out":
            data.remove(data[0])
        else:
            data.append(invoice(shdon=3))
        at(root, "TTChung/SLuong").text = str(len(data))
        assert package_reasons(etree.tostring(root)) == ["digest"]


# Structure


def info_changed(change: Callable[[etree._Element], object]) -> etree._Element:
    """SignedInfo changed, and signed again by the same key."""
    hdon = signed_invoice()
    change(of_seller(hdon)[0])
    again(of_seller(hdon))
    return hdon


def child(parent: etree._Element, tag: str, **attributes: str) -> etree._Element:
    return etree.SubElement(parent, f"{{{DS}}}{tag}", attributes)


@pytest.mark.parametrize("count", [1, 100_000])
@pytest.mark.parametrize("path", ["SignedInfo", "SignatureValue", "KeyInfo", "Signed"])
def test_parts_that_are_missing_repeated_or_unknown(path: str, count: int) -> None:
    hdon = signed_invoice()
    for _ in range(count):
        child(of_seller(hdon), path)
    assert reasons(hdon) == ["malformed"]
    hdon = signed_invoice()
    if path != "Signed":
        of_seller(hdon).remove(at(of_seller(hdon), f"ds:{path}"))
        assert reasons(hdon) == ["certificate" if path == "KeyInfo" else "malformed"]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda info: info.clear(), "malformed"),
        (lambda info: info.__delitem__(slice(2, None)), "reference"),
        (lambda info: info.__delitem__(0), "malformed"),
        (lambda info: info.__delitem__(1), "malformed"),
        (lambda info: info.insert(0, info[1]), "malformed"),
        (lambda info: child(info, "Manifest"), "malformed"),
        (lambda info: info[2].remove(info[2][0]), None),
        (lambda info: info[2].remove(info[2][1]), "malformed"),
        (lambda info: info[2].remove(info[2][2]), "malformed"),
        (lambda info: info[2].append(copy.deepcopy(info[2][2])), "malformed"),
        (lambda info: info[2].attrib.clear(), "reference"),
        (lambda info: info[2].set("URI", "#"), "reference"),
        (lambda info: info[2].set("URI", "##data"), "reference"),
        (lambda info: info[2].set("URI", "#none"), "reference"),
        (lambda info: info[2].set("URI", "#xpointer(/)"), "reference"),
        (lambda info: info[2].set("URI", "#xpointer(id('data'))"), "reference"),
        (lambda info: info[2].set("URI", "data"), "reference"),
        (lambda info: info[2].set("URI", "#data' or '1'='1"), "reference"),
        (lambda info: info[2].set("URI", ""), "digest"),
    ],
)
def test_signed_info(change: Callable[[etree._Element], object], reason: str | None) -> None:
    assert reasons(info_changed(change)) == ([reason] if reason else [])


@pytest.mark.parametrize(
    "uri", ["http://127.0.0.1:9/x", "file:///etc/passwd", "/etc/passwd", "ftp://example.invalid/", "jar:x!/y", "//x"]
)
def test_nothing_is_fetched(uri: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def forbidden(*_: object, **__: object) -> None:
        raise AssertionError("something was fetched")

    monkeypatch.setattr(socket, "socket", forbidden)
    assert reasons(info_changed(lambda info: info[2].set("URI", uri))) == ["reference"]
    assert reasons(signed_invoice(uris=("#data", uri))) == ["reference"]
    retrieval = f'<RetrievalMethod URI="{uri}"/>' + x509_data(SELLERS.certificate)
    assert reasons(signed_invoice(key_info=retrieval)) == ["certificate"]


TRANSFORMS = {
    "XSLT": "http://www.w3.org/TR/1999/REC-xslt-19991116",
    "XPath": "http://www.w3.org/TR/1999/REC-xpath-19991116",
    "XPath filter": "http://www.w3.org/2002/06/xmldsig-filter2",
    "Base64": f"{DS}base64",
    "decrypt": "http://www.w3.org/2002/07/decrypt#XML",
    "none": "",
}


@pytest.mark.parametrize("algorithm", TRANSFORMS.values(), ids=TRANSFORMS)
def test_transforms_that_are_not_allowed(algorithm: str) -> None:
    for transforms in ((algorithm,), (ENVELOPED, algorithm), (algorithm, ENVELOPED, C14N)):
        hdon = signed_invoice(transforms=transforms[:1] if transforms[0] == ENVELOPED else ())
        reference = of_seller(hdon)[0][2]
        within = reference.find(f"{{{DS}}}Transforms")
        if within is None:
            within = child(reference, "Transforms")
            reference.insert(0, within)
        within[:] = [child(within, "Transform", Algorithm=name) for name in transforms]
        again(of_seller(hdon))
        assert reasons(hdon) == ["transform"]


@pytest.mark.parametrize("transforms", [(C14N, ENVELOPED), (ENVELOPED, ENVELOPED)])
def test_enveloped_comes_first_and_once(transforms: Sequence[str]) -> None:
    assert reasons(signed_invoice(transforms=transforms)) == ["transform"]


@pytest.mark.parametrize("tag", [f"{{{DS}}}XPath", "{http://www.w3.org/1999/XSL/Transform}stylesheet", "x"])
def test_something_inside_a_transform(tag: str) -> None:
    def change(info: etree._Element) -> None:
        etree.SubElement(at(info, "ds:Reference/ds:Transforms/ds:Transform"), tag).text = "not(ancestor-or-self::HDon)"

    assert reasons(info_changed(change)) == ["transform"]


@pytest.mark.parametrize(
    ("prefixes", "reason"), [("ds", None), ("ds xsi #default", None), (" ".join(map(str, range(50))), "limit")]
)
def test_prefixes_of_exclusive_canonicalisation(prefixes: str, reason: str | None) -> None:
    hdon = signed_invoice(transforms=(EXCLUSIVE,), canonical=EXCLUSIVE)
    for method in (of_seller(hdon)[0][0], at(of_seller(hdon)[0], "ds:Reference/ds:Transforms/ds:Transform")):
        etree.SubElement(method, f"{{{EXCLUSIVE}}}InclusiveNamespaces").set("PrefixList", prefixes)
    again(of_seller(hdon))
    assert reasons(hdon) == ([reason] if reason else [])


def test_empty_transforms() -> None:
    assert reasons(info_changed(lambda info: info[2][0].clear())) == ["transform"]


# Algorithms and keys


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
    builder = builder.serial_number(1).not_valid_before(FIRST).not_valid_after(LAST)
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


# Time


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


# Who stands behind the certificate


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


# Cost


def timed(made: Callable[[], list[str]]) -> tuple[list[str], float]:
    began = time.perf_counter()
    return made(), time.perf_counter() - began


def test_many_of_anything_is_refused_at_once() -> None:
    hdon = signed_invoice()
    bodies = {
        "references": info_changed(lambda info: info.extend(copy.deepcopy(info[2]) for _ in range(5_000))),
        "transforms": signed_invoice(transforms=(ENVELOPED, *[EXCLUSIVE] * 5_000)),
        "certificates": signed_invoice(key_info=x509_data(*[SELLERS.certificate] * 500)),
        "namespaces": signed_invoice(
            objects="<Object " + " ".join(f"xmlns:p{i}='urn:{i}'" for i in range(300)) + f">{'<b/>' * 20_000}</Object>"
        ),
        "attributes": signed_invoice(objects="<Object " + " ".join(f"a{i:06}=''" for i in range(20_000)) + "/>"),
    }
    for name, made in bodies.items():
        body = package([made])
        found, seconds = timed(lambda body=body: reasons(body))  # type: ignore[misc]
        assert (name, found) == (name, ["limit"])
        assert seconds < 1
    for _ in range(MOST_IN_INVOICE):
        hdon.find("DSCKS/NBan").append(copy.deepcopy(of_seller(hdon)))  # type: ignore[union-attr]
    assert reasons(hdon) == ["limit"]
    root = etree.fromstring(signed_package())
    for _ in range(MOST_IN_PACKAGE):
        at(root, "CKSNNT").append(copy.deepcopy(at(root, f"CKSNNT/{SIGNATURE}")))
    assert package_reasons(etree.tostring(root)) == ["limit"]


def test_an_unsigned_package_loads_no_libraries() -> None:
    code = (
        "import sys; from rules.intake import take_in; from tests.support.samples import package;"
        "assert take_in(package()).document; sys.exit('signxml' in sys.modules or 'cryptography' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


# Places


def test_findings_beside_others() -> None:
    body = package([signed_invoice(OTHERS), signed_invoice(OTHERS, hdon=invoice(shdon=2)), invoice(shdon=3)])
    root = etree.fromstring(body)
    etree.SubElement(at(root, "DLieu/HDon[2]/DLHDon/TTChung"), "Khac")
    taken = take_in(etree.tostring(root))
    assert taken.document is not None
    judgement = judge([taken.document], [None], Remembered())
    assert judgement.rejected.tolist() == [True, True, False]
    told = {row: [(one.code, one.path) for one in found] for row, found in judgement.findings.items()}
    assert told == {
        0: [("SIG-01", "/TDiep/DLieu/HDon[1]/DSCKS/NBan")],
        1: [("XSD-01", "/TDiep/DLieu/HDon[2]/DLHDon/TTChung/Khac")],
    }


def test_all_findings_of_the_envelope_are_told() -> None:
    root = etree.fromstring(signed_package())
    at(root, "TTChung/SLuong").text = "2"
    findings = open_package(etree.tostring(root)).findings
    assert [(one.code, one.path) for one in findings] == [
        ("ENV-07", "/TDiep/TTChung/SLuong"),
        ("ENV-11", "/TDiep/CKSNNT"),
    ]


def test_reasons_are_raised_not_returned() -> None:
    with pytest.raises(Unverified) as raised:
        certificates.load("AAAA")
    assert raised.value.reason == "certificate"
