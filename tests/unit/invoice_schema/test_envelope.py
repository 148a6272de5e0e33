"""ENV-01 … ENV-08, and that every body gets an answer."""

from __future__ import annotations

import gzip

import pytest
from hypothesis import given
from hypothesis import strategies as st

from invoice_schema.envelope import Limits, open_package
from tests.support.samples import SELLER, invoice, package

DOCUMENT = package()


def codes(body: bytes, limits: Limits | None = None) -> list[str]:
    return [finding.code for finding in open_package(body, limits or Limits()).findings]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "ENV-01"),
        (b" \n", "ENV-01"),
        (DOCUMENT[:-10], "ENV-01"),
        (DOCUMENT + DOCUMENT, "ENV-01"),
        (DOCUMENT.replace(b"TDiep>", b"TDiep>\xff", 1), "ENV-01"),
        (DOCUMENT.decode().encode("utf-16"), "ENV-01"),
        (b'<?xml version="1.0" encoding="ISO-8859-1"?>' + DOCUMENT[DOCUMENT.index(b"<TDiep") :], "ENV-01"),
        (gzip.compress(DOCUMENT), "ENV-01"),
        (b"<!DOCTYPE html><html><body>", "ENV-02"),
        (b"<!doctype html><p>", "ENV-02"),
        (b'<!DOCTYPE x [<!ENTITY a "b">]><TDiep>&a;</TDiep>', "ENV-02"),
        (b"<!-- x --> <!DOCTYPE x><TDiep/>", "ENV-02"),
        (DOCUMENT + b"<?php x?>", "ENV-02"),
        (b"<?xml-stylesheet href='x'?><TDiep/>", "ENV-02"),
        (DOCUMENT.replace(b"<DLieu>", b"<DLieu><?x y?>"), "ENV-02"),
        (b"<a>" * 65 + b"</a>" * 65, "ENV-03"),
        (b"<a>" * 300_000, "ENV-03"),
        (b"<TDiep>" + b"x" * (1024 * 1024 + 1) + b"</TDiep>", "ENV-03"),
        (b'<TDiep a="' + b"x" * (1024 * 1024 + 1) + b'"/>', "ENV-03"),
        (b"<TDiep>" + b"x" * 15_000_000 + b"</TDiep>", "ENV-03"),
        (b"x" * (20 * 1024 * 1024 + 1), "ENV-03"),
        (b"<html/>", "ENV-04"),
        (b"<TDiep/>", "ENV-04"),
        (b'<TDiep xmlns="urn:x"/>', "ENV-04"),
        (package(edit={"TTChung/MST": None}), "ENV-04"),
        (package(edit={"TTChung/MST": " "}), "ENV-04"),
        (package(edit={"TTChung/MST": "01234"}), "ENV-04"),
        (package(edit={"TTChung/MNNhan": "ABC"}), "ENV-04"),
        (package(edit={"TTChung/MTDiep": "K9900000016" + "a" * 32}), "ENV-04"),
        (package(edit={"TTChung/SLuong": "-1"}), "ENV-04"),
        (package(edit={"TTChung/Other": "1"}), "ENV-04"),
        (package(edit={"Other": "1"}), "ENV-04"),
        (package(edit={"DLieu/Other": "1"}), "ENV-04"),
        (DOCUMENT.replace(b"</TTChung>", b"<PBan>2.1.0</PBan></TTChung>", 1), "ENV-04"),
        (package(edit={"TTChung/MLTDiep": "300"}), "ENV-05"),
        (package(edit={"TTChung/MTDiep": "K9900000023" + "A" * 32}), "ENV-06"),
        (package(edit={"TTChung/SLuong": "2"}), "ENV-07"),
        (package(edit={"TTChung/PBan": "2.0.0"}), "ENV-08"),
    ],
)
def test_refused(body: bytes, code: str) -> None:
    assert codes(body) == [code]


def test_all_of_the_later_rules_are_told() -> None:
    edit = {"TTChung/SLuong": "9", "TTChung/PBan": "1.0.0", "TTChung/MLTDiep": "100"}
    assert codes(package(edit=edit)) == ["ENV-05", "ENV-07", "ENV-08"]


@pytest.mark.parametrize(
    "body",
    [
        DOCUMENT,
        b"\xef\xbb\xbf" + DOCUMENT[DOCUMENT.index(b"<TDiep") :],
        b'<?xml version="1.0" encoding="us-ascii"?><!-- a --><!-- b -->\n' + DOCUMENT[DOCUMENT.index(b"<TDiep") :],
        package(edit={"TTChung/MTDTChieu": ""}),
        package(edit={"TTChung/SLuong": "0001"}),
        DOCUMENT.replace(b"<DLieu>", b"<DLieu><!-- <?x?> <!DOCTYPE y> -->"),
    ],
)
def test_taken(body: bytes) -> None:
    if b"us-ascii" in body:
        body = body.decode().encode("ascii", "xmlcharrefreplace")
    opened = open_package(body)
    assert not opened.findings
    assert opened.envelope is not None
    assert opened.envelope.mst == SELLER
    assert len(opened.hdons) == 1


def test_a_branch_is_canonical() -> None:
    body = package([invoice(mst="9900000016-001")], mst="9900000016-001")
    opened = open_package(body)
    assert opened.envelope is not None
    assert opened.envelope.mst == "9900000016001"


def test_limits_hold_exactly() -> None:
    body = package([invoice(shdon=number) for number in range(1, 4)])
    assert codes(body, Limits(max_invoices=3)) == []
    assert codes(body, Limits(max_invoices=2)) == ["ENV-03"]
    assert codes(body, Limits(max_body=len(body))) == []
    assert codes(body, Limits(max_body=len(body) - 1)) == ["ENV-03"]
    assert codes(body, Limits(max_depth=9)) == []
    assert codes(body, Limits(max_depth=7)) == ["ENV-03"]


def test_what_could_be_read_comes_back() -> None:
    opened = open_package(package(edit={"TTChung/MST": None}))
    assert opened.mtdiep is not None
    assert opened.mngui is not None


@given(st.binary(max_size=300))
def test_any_bytes_get_an_answer(body: bytes) -> None:
    assert codes(body)


@given(st.integers(0, len(DOCUMENT) - 1), st.binary(max_size=4), st.integers(0, 40))
def test_any_damage_gets_an_answer(at: int, inserted: bytes, removed: int) -> None:
    open_package(DOCUMENT[:at] + inserted + DOCUMENT[at + removed :])
