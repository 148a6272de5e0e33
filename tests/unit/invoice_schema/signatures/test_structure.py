"""Shapes of a signature that are refused, whatever its mathematics say."""

from __future__ import annotations

import copy
import socket
from collections.abc import Callable, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from invoice_schema.parser import Refused, parse
from invoice_schema.signatures.check import invoice_failures
from invoice_schema.signatures.trust import NO_AUTHORITIES
from tests.support.samples import package
from tests.support.signing import (
    C14N,
    DS,
    ENVELOPED,
    EXCLUSIVE,
    SELLERS,
    again,
    canonicalised,
    signed_invoice,
    x509_data,
)
from tests.support.verifying import (
    at,
    child,
    info_changed,
    of_seller,
    reasons,
)


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


BODY = package([signed_invoice()])
FROM, TO = BODY.index(b"<Signature"), BODY.index(b"</NBan></DSCKS>")
INFO = canonicalised(parse(BODY).root.find(f".//{{{DS}}}SignedInfo"))  # type: ignore[arg-type]
PIECES = [b"", b"<", b">", b"/", b" ", b"A", b"#", b"xmlns=''", b"Id='data'", b"URI=''", b"<x/>", b"<!---->", b"&#49;"]


@settings(max_examples=300, deadline=None)
@given(st.lists(st.tuples(st.integers(FROM, TO), st.sampled_from(PIECES), st.integers(0, 30)), min_size=1, max_size=3))
def test_whatever_stands_there_there_is_an_answer(changes: list[tuple[int, bytes, int]]) -> None:
    body = BODY
    for place, piece, over in changes:
        body = body[:place] + piece + body[place + over :]
    try:
        root = parse(body).root
    except Refused:
        return
    hdon, info = root.find("DLieu/HDon"), root.find(f".//{{{DS}}}SignedInfo")
    if hdon is not None and not invoice_failures(hdon, NO_AUTHORITIES, None) and info is not None:
        assert canonicalised(info) == INFO
