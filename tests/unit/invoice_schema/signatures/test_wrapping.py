"""Signed data moved elsewhere, and signatures over something else than what is read."""

from __future__ import annotations

import copy

import pytest
from lxml import etree

from tests.support.samples import SELLER, invoice, package
from tests.support.signing import (
    DS,
    ENVELOPED,
    EXCLUSIVE,
    again,
    sign,
    signed_invoice,
    signed_package,
)
from tests.support.verifying import (
    OTHERS,
    SIGNATURE,
    at,
    of_seller,
    package_reasons,
    reasons,
    signed_to_be_moved,
)


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
