"""The answers 999 and 204: bytes that the project's own XSD takes, and that say what went in."""

from __future__ import annotations

import hashlib
from datetime import date
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from invoice_schema import pack
from invoice_schema.messages import (
    Reason,
    acknowledgement,
    answer_id,
    read_acknowledgement,
    read_result,
    result,
)
from tests.support.samples import PROVIDER, SELLER, message_id

SHA256 = hashlib.sha256(b"body").hexdigest()
MTDIEP = message_id(1)
LATE_EVENING = 1_795_201_199_000_000  # 2026-11-20T18:59:59Z, which is the 21st in Vietnam
BAD = Reason("1", "C26MAA", "12", "0503", "TgTTTBSo sai", "Tính lại tổng tiền", "/TDiep/DLieu/HDon[2]")

XSD = {name: pack.compiled(f"tdiep-{name}.xsd") for name in ("999", "204")}


def _999(**change: object) -> bytes:
    given = {"body_sha256": SHA256, "mtdiep": MTDIEP, "mngui": PROVIDER, "mst": SELLER, "received_at_us": LATE_EVENING}
    return acknowledgement(**{**given, **change})  # type: ignore[arg-type]


def _204(**change: object) -> bytes:
    given = {
        "body_sha256": SHA256,
        "mtdiep": MTDIEP,
        "mst": SELLER,
        "name": "Công ty <Mẫu> & Thử",
        "received_at_us": LATE_EVENING,
        "ltbao": 2,
        "invoices": 3,
        "reasons": (),
    }
    return result(**{**given, **change})  # type: ignore[arg-type]


def _text(message: bytes, path: str) -> str | None:
    return etree.fromstring(message).findtext(path)


def test_answer_id_is_made_from_the_type_and_the_body() -> None:
    expected = hashlib.sha256(b"999" + SHA256.encode()).hexdigest()[:32].upper()
    assert answer_id("999", SHA256) == f"TCT{expected}"
    assert answer_id("999", SHA256.upper()) == f"TCT{expected}"
    assert answer_id("204", SHA256) != answer_id("999", SHA256)
    assert _text(_999(), "TTChung/MTDiep") == answer_id("999", SHA256)
    assert _text(_204(), "TTChung/MTDiep") == answer_id("204", SHA256)


def test_a_taken_package() -> None:
    read = read_acknowledgement(_999())
    assert read.taken
    assert (read.answers, read.sender, read.mst, read.reasons) == (MTDIEP, PROVIDER, SELLER, ())
    assert read.received_at.isoformat() == "2026-11-21T01:59:59+07:00"
    assert _text(_999(), "DLieu/TBao/TTTNhan") == "0"
    assert _text(_999(), "TTChung/MTDTChieu") == _text(_999(), "DLieu/TBao/MTDiep") == MTDIEP
    assert _text(_999(), "TTChung/MNNhan") == PROVIDER


def test_a_refused_package() -> None:
    reasons = (("0107", "SLuong ghi 3 nhưng có 2 HDon"), ("0106", "MTDiep"))
    message = _999(reasons=reasons)
    assert _text(message, "DLieu/TBao/TTTNhan") == "1"
    assert read_acknowledgement(message).reasons == reasons
    assert not read_acknowledgement(message).taken


@pytest.mark.parametrize(
    ("mtdiep", "mngui", "mst"), list(product((None, "", MTDIEP, "x" * 99), (None, "y" * 99), (None, " ")))
)
def test_what_could_not_be_read_is_absent(mtdiep: str | None, mngui: str | None, mst: str | None) -> None:
    message = _999(mtdiep=mtdiep, mngui=mngui, mst=mst, reasons=[("0101", "Không phải XML")])
    assert XSD["999"].validate(etree.fromstring(message)), XSD["999"].error_log
    assert read_acknowledgement(message).answers == ((mtdiep or "")[:46] or None)
    assert read_acknowledgement(message).mst is None


def test_a_valid_package() -> None:
    read = read_result(_204())
    assert (read.ltbao, read.invoices, read.reasons) == (2, 3, ())
    assert (read.answers, read.mst, read.name) == (MTDIEP, SELLER, "Công ty <Mẫu> & Thử")
    assert read.day == date(2026, 11, 21)
    assert _text(_204(), "TTChung/MNNhan") == PROVIDER
    assert _text(_204(), "DLieu/TBao/DLTBao/MSo") == "01/TB-KTDL"


def test_bad_invoices_are_named_in_the_text() -> None:
    message = _204(ltbao=7, reasons=[BAD, BAD])
    faults = etree.fromstring(message).findall("DLieu/TBao/DLTBao/LHDMTTien/DSLDo/LDo")
    assert [fault.findtext("STT") for fault in faults] == ["1", "2"]
    assert [fault.findtext("MTLoi") for fault in faults] == ["1;C26MAA;12;TgTTTBSo sai"] * 2
    assert [fault.findtext("MLoi") for fault in faults] == ["0503"] * 2
    assert read_result(message).reasons == (BAD, BAD)


def test_a_semicolon_in_a_key_does_not_move_the_description() -> None:
    strange = Reason("1;2", "C26;AAAAAA", "", "0301", "a;b", "")
    (read,) = read_result(_204(ltbao=7, reasons=[strange])).reasons
    assert (read.khmshdon, read.khhdon, read.shdon, read.description) == ("1,2", "C26,AAAA", "", "a;b")


def test_a_bad_package_names_no_invoice() -> None:
    reason = Reason("", "", "", "0110", "Trùng MTDiep", "Dùng MTDiep khác")
    message = _204(ltbao=9, reasons=[reason])
    assert _text(message, "DLieu/TBao/DLTBao/KHLKhac/DSLDo/LDo/MTLoi") == "Trùng MTDiep"
    assert read_result(message).reasons == (reason,)
    assert read_result(message).ltbao == 9


@pytest.mark.parametrize(("ltbao", "reasons"), [(2, [BAD]), (7, []), (9, [])])
def test_the_type_of_the_notice_fits_its_reasons(ltbao: int, reasons: list[Reason]) -> None:
    with pytest.raises(ValueError, match="LTBao"):
        _204(ltbao=ltbao, reasons=reasons)


def test_texts_are_cut_in_characters() -> None:
    long = Reason("1", "C26MAA", "12", "0503", "ộ" * 300, "ữ" * 300, "ẩ" * 300)
    message = _204(ltbao=7, reasons=[long], name="đ" * 500)
    (fault,) = read_result(message).reasons
    assert _text(message, ".//MTLoi") == "1;C26MAA;12;" + "ộ" * 242 + "…"
    assert (fault.remedy, fault.note) == ("ữ" * 254 + "…", "ẩ" * 254 + "…")
    assert read_result(message).name == "đ" * 399 + "…"
    assert read_acknowledgement(_999(reasons=[("0101", "ộ" * 300)])).reasons == (("0101", "ộ" * 254 + "…"),)


def test_both_are_the_same_bytes_again() -> None:
    assert _999() == _999()
    assert _204(ltbao=7, reasons=[BAD]) == _204(ltbao=7, reasons=(BAD,))
    moved = _999(received_at_us=LATE_EVENING + 1_000_000)
    assert _999().replace(b"01:59:59", b"02:00:00") == moved


@given(st.text(), st.text(), st.text(), st.text())
def test_any_text_makes_a_valid_message(name: str, key: str, description: str, remedy: str) -> None:
    reason = Reason(key, key, key, "0503", description, remedy, remedy)
    message = _204(name=name, ltbao=7, reasons=[reason])
    assert XSD["204"].validate(etree.fromstring(message)), XSD["204"].error_log
    assert len(read_result(message).reasons) == 1
    refused = _999(mtdiep=key, mngui=key, mst=key, reasons=[("0104", description)])
    assert XSD["999"].validate(etree.fromstring(refused)), XSD["999"].error_log


@pytest.mark.parametrize("body", [b"", b"<html/>", b"<TDiep/>", _204(), _999()[:-9], b"<!DOCTYPE x []>" + _999()])
def test_what_is_no_999_is_not_read(body: bytes) -> None:
    with pytest.raises(ValueError):
        read_acknowledgement(body)


@pytest.mark.parametrize("body", [b"", _999(), _204().replace(b"<LTBao>2<", b"<LTBao>3<")])
def test_what_is_no_204_is_not_read(body: bytes) -> None:
    with pytest.raises(ValueError):
        read_result(body)
