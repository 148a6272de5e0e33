"""What is proven is valid for libxml2, whatever a document is made of; what is sound is proven, with few exceptions."""

from __future__ import annotations

import copy
import re
from datetime import date
from itertools import islice

import pytest
from lxml import etree

from invoice_schema import model, pack
from invoice_schema.parser import parse
from invoice_schema.places import PLACES, VOCABULARY
from invoice_schema.proof import proven
from invoice_schema.schema import PACKAGE_SCHEMA
from invoice_schema.tokens import Elements, plain
from load.generator import packages
from tests.support.documents import NASTY, full, mutated
from tests.support.samples import household, invoice, package

MUTATED = 1_500
AT_ONCE = 100
SIGNATURES = "DSCKS"
SPECIAL_GOODS = "<TTHHDTrung><TTin><TTruong>Số khung</TTruong></TTin><LHHDTrung>1</LHHDTrung><TTin/></TTHHDTrung>"


@pytest.fixture(scope="module")
def libxml2() -> etree.XMLSchema:
    return pack.compiled(PACKAGE_SCHEMA)


def proofs(*bodies: bytes) -> list[bool]:
    return proven(Elements([plain(body) for body in bodies], VOCABULARY)).tolist()  # type: ignore[no-any-return]


def unsigned() -> etree._Element:
    root = full()
    for holder in root.findall(SIGNATURES):
        root.remove(holder)
    return root


def compared(hdons: list[etree._Element], libxml2: etree.XMLSchema) -> list[tuple[bool, bool]]:
    """Of each: proven, and valid."""
    pairs = []
    for at in range(0, len(hdons), AT_ONCE):
        body = package([etree.tostring(hdon, encoding="unicode") for hdon in hdons[at : at + AT_ONCE]])
        valid = [libxml2.validate(hdon) for hdon in parse(body).root.iterfind("DLieu/*") if hdon.tag == "HDon"]
        pairs += list(zip(proofs(body), valid, strict=True))
    return pairs


@pytest.mark.parametrize("original", [unsigned(), full(), invoice(), household()], ids=["all", "signed", "1", "2"])
def test_a_mutated_invoice_is_proven_only_if_it_is_valid(original: etree._Element, libxml2: etree.XMLSchema) -> None:
    pairs = compared([mutated(seed, original)[1] for seed in range(MUTATED)], libxml2)
    assert (True, False) not in pairs
    assert (False, False) in pairs
    if original.find(SIGNATURES) is None:
        assert pairs.count((True, True)) > 0.9 * sum(valid for _, valid in pairs)


def test_a_nasty_value_is_proven_if_and_only_if_it_is_valid(libxml2: etree.XMLSchema) -> None:
    original = unsigned()
    types = {place.type.name: place for place in PLACES if place.type.kind == "leaf"}
    values = [*NASTY, *(value for type_ in model.types(PACKAGE_SCHEMA).values() for value in type_.values)]
    cases, hdons = [], []
    for place in types.values():
        for value in values:
            hdon = copy.deepcopy(original)
            hdon.find(place.path.removeprefix("TDiep/DLieu/HDon/")).text = value
            cases.append((place.type.name, value))
            hdons.append(hdon)
    differing = [case for case, (proof, valid) in zip(cases, compared(hdons, libxml2), strict=True) if proof != valid]
    assert differing == []


def _decorated(body: bytes) -> bytes:
    return body.replace(b"<DLHDon>", b"<DLHDon Id = 'a'\n>").replace(b"<MCCQT>", b'<MCCQT Id="x">')


WRITINGS = {
    "as it is": lambda body: body,
    "indented": lambda body: etree.tostring(etree.fromstring(body), pretty_print=True, encoding="utf-8"),
    "line ends": lambda body: body.replace(b"><", b">\r\n\t<"),
    "blanks in tags": lambda body: re.sub(rb"<(/?\w+)(/?)>", rb"<\1 \2>", body),
    "blanks around values": lambda body: re.sub(rb">([^<]+)<", rb"> \1\n<", body),
    "references": lambda body: re.sub(rb">([0-9A-Za-z])", lambda match: b">&#x%x;" % match[1][0], body),
    "CDATA": lambda body: re.sub(rb">([^<&]+)<", rb"><![CDATA[\1]]><", body),
    "comments": lambda body: body.replace(b"</", b"<!-- > --></"),
    "attributes": _decorated,
    "special goods": lambda body: body.replace(b"</HHDVu>", SPECIAL_GOODS.encode() + b"</HHDVu>"),
}


@pytest.mark.parametrize("writing", WRITINGS)
def test_sound_invoices_are_proven_however_they_are_written(writing: str) -> None:
    made = islice(packages(seed=5, merchants=20, package_size=25, day=date(2026, 11, 20)), 20)
    found = proofs(*(WRITINGS[writing](body.body) for body in made))
    assert len(found) == 500
    assert all(found)


def test_a_thousand_sound_invoices_have_one_unproven_at_most() -> None:
    made = islice(packages(seed=6, merchants=200, package_size=50, day=date(2026, 11, 20)), 60)
    found = proofs(*(body.body for body in made))
    assert sum(found) >= 0.999 * len(found) == 0.999 * 3_000


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("<SHDon>", "<SHDon x='1'>"),
        ("<HDon>", "<HDon xmlns='urn:x'>"),
        ("<HDon>", "<HDon xmlns:xsi='http://www.w3.org/2001/XMLSchema-instance' xsi:type='Invoice'>"),
        ("<DSHHDVu>", "<DSHHDVu>x"),
        ("</NBan>", "</NBan>&#32;"),
        ("<THHDVu>", "<THHDVu><b/>"),
        ("<DLHDon>", "<DLHDon><x:Ten xmlns:x='urn:x'/>"),
        ("</DLHDon>", "</DLHDon><DSCKS><NBan/></DSCKS>"),
        ("<TToan>", "<TToan><TToan/>"),
    ],
)
def test_the_one_odd_invoice_of_a_package_is_not_proven(old: str, new: str) -> None:
    odd = etree.tostring(invoice(shdon=2), encoding="unicode").replace(old, new, 1)
    body = package([invoice(shdon=1), "<HDon/>", invoice(shdon=3)]).replace(b"<HDon/>", odd.encode())
    assert proofs(body, package()) == [True, False, True, True]


def test_what_stands_beside_the_invoices_does_not_matter() -> None:
    body = package().replace(b"</DLieu>", b"</DLieu><CKSNNT><S xmlns='urn:x' a='1'><HDon>x</HDon></S>y</CKSNNT>")
    assert proofs(body, package()) == [True, True]


def test_no_documents() -> None:
    assert proofs() == []


def test_the_model_knows_all_of_the_schema_but_signatures() -> None:
    """Otherwise many invoices could not be proven, and the engine would be slow."""
    assert [type_.name for type_ in model.types(PACKAGE_SCHEMA).values() if not type_.complete] == ["SignatureHolder"]


NOTES = "".join(f'<xs:documentation xml:lang="{lang}">x</xs:documentation>' for lang in ("vi", "en"))
LEAF = '<xs:simpleType name="X"><xs:annotation>{notes}</xs:annotation>{content}</xs:simpleType>'
GROUP = '<xs:complexType name="X"{mixed}><xs:annotation>{notes}</xs:annotation>{content}</xs:complexType>'
A, B = '<xs:element name="a" type="X"/>', '<xs:element name="b" type="X"/>'
ANY_NUMBER = A.replace("/>", ' minOccurs="0" maxOccurs="unbounded"/>')
FIXED = A.replace("/>", ' fixed="1"/>')
NILLABLE = A.replace("/>", ' nillable="true"/>')
TWO = A.replace("/>", ' minOccurs="2" maxOccurs="unbounded"/>')
PATTERN = '<xs:pattern value="a"/>'


@pytest.mark.parametrize(
    ("content", "complete"),
    [
        ('<xs:restriction base="xs:token"><xs:maxLength value="1"/></xs:restriction>', True),
        ('<xs:restriction base="xs:token"><xs:length value="1"/></xs:restriction>', False),
        (f'<xs:restriction base="xs:token">{PATTERN}</xs:restriction>', True),
        (f'<xs:restriction base="xs:token">{PATTERN}{PATTERN}</xs:restriction>', False),
        ('<xs:union memberTypes="X X"/>', True),
        ('<xs:list itemType="xs:token"/>', False),
    ],
)
def test_the_model_says_which_leaf_it_does_not_know(
    content: str, complete: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert _is_complete(LEAF.format(notes=NOTES, content=content), monkeypatch) is complete


@pytest.mark.parametrize(
    ("content", "complete"),
    [
        (f"<xs:all>{A}{B}</xs:all>", True),
        (f"<xs:sequence>{ANY_NUMBER}</xs:sequence>", True),
        (f"<xs:sequence>{ANY_NUMBER}<xs:sequence minOccurs='0'>{B}{ANY_NUMBER}</xs:sequence></xs:sequence>", True),
        (f"<xs:sequence>{A}{B}</xs:sequence>", False),
        (f"<xs:sequence>{A}{A}</xs:sequence>", False),
        (f"<xs:sequence>{A}{B}{A}</xs:sequence>", False),
        (f"<xs:choice>{A}</xs:choice>", False),
        (f"<xs:all>{FIXED}</xs:all>", False),
        (f"<xs:all>{NILLABLE}</xs:all>", False),
        (f"<xs:sequence>{TWO}</xs:sequence>", False),
        ('<xs:all/><xs:attribute name="a" type="xs:string"/>', True),
        ('<xs:all/><xs:attribute name="a" type="xs:string" use="required"/>', False),
        ('<xs:all/><xs:attribute name="a" type="xs:integer"/>', False),
        ('<xs:sequence><xs:any minOccurs="0"/></xs:sequence>', False),
    ],
)
def test_the_model_says_which_group_it_does_not_know(
    content: str, complete: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert _is_complete(GROUP.format(notes=NOTES, content=content, mixed=""), monkeypatch) is complete
    assert not _is_complete(GROUP.format(notes=NOTES, content=content, mixed=" mixed='true'"), monkeypatch)


def _is_complete(declaration: str, monkeypatch: pytest.MonkeyPatch) -> bool:
    schema = etree.fromstring(f'<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema">{declaration}</xs:schema>')
    monkeypatch.setattr(pack, "read", lambda _name: schema)
    return model.types.__wrapped__("x")["X"].complete
