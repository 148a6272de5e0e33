"""What was signed and then changed is found; another writing of the same is not."""

from __future__ import annotations

import copy
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from invoice_schema.parser import Refused, parse
from invoice_schema.signatures.check import invoice_failures
from invoice_schema.signatures.trust import NO_AUTHORITIES
from rules.history import Remembered
from rules.intake import take_in
from rules.judge import judge
from tests.support.samples import SELLER, SELLER_2, invoice, package
from tests.support.signing import (
    canonicalised,
    signed_invoice,
)
from tests.support.verifying import (
    SIGNATURE,
    at,
    reasons,
)


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
