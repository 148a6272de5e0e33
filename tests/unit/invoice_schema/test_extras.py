"""What TTKhac tells of a sale: moment of issue, reference."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from datetime import datetime, timedelta, timezone

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from invoice_schema.columns import EXTENDED, OWN, Columns
from invoice_schema.extras import RECEIPT_NAMES, Extras, extras_of
from invoice_schema.tokens import plain
from tests.support.samples import DAY, Line, household, invoice, package

VIETNAM = timezone(timedelta(hours=7))
Field = tuple[str | None, str | None, str | None]
CODE = ("Mã tham chiếu", "string", "GRB-1")


def extended(place: str, fields: Sequence[Field], **kind: object) -> etree._Element:
    hdon = invoice(**kind)  # type: ignore[arg-type]
    extend(hdon, place, fields)
    return hdon


def extend(hdon: etree._Element, place: str, fields: Sequence[Field]) -> None:
    holder = etree.SubElement(hdon.find(place), "TTKhac")  # type: ignore[arg-type]
    for field in fields:
        row = etree.SubElement(holder, "TTin")
        for name, text in zip(("TTruong", "KDLieu", "DLieu"), field, strict=True):
            if text is not None:
                etree.SubElement(row, name).text = text


def read(*hdons: etree._Element, refused: Sequence[int] = ()) -> Extras:
    columns = Columns([plain(package(list(hdons)))])
    columns.valid[list(refused)] = False
    return extras_of(columns)


def moments(*fields: Field) -> datetime | None:
    (found,) = read(extended("DLHDon", fields)).issued_at.tolist()
    return datetime.fromtimestamp(found / 1e6, VIETNAM).replace(tzinfo=None) if found else None


def receipts(*fields: Field) -> list[str]:
    return list(read(extended("DLHDon", fields)).receipts.to_pylist())


def at(clock: str) -> datetime:
    return datetime.fromisoformat(f"{DAY}T{clock}")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"{DAY}T09:42:11", at("09:42:11")),
        (f"{DAY} 09:42:11", at("09:42:11")),
        (f"  {DAY}  09:42:11\n", at("09:42:11")),
        (f"{DAY}T09:42", at("09:42:00")),
        (f"{DAY}T23:59:59", at("23:59:59")),
        (f"{DAY}T00:00:01", at("00:00:01")),
        (f"{DAY}T00:00:00", None),
        (f"{DAY} 00:00", None),
        (f"{DAY - timedelta(1)}T23:59:59", None),
        (f"{DAY + timedelta(1)}T00:00:01", None),
        (f"{DAY}T24:00:00", None),
        (f"{DAY}T09:60:00", None),
        (f"{DAY}T09:42:11Z", None),
        (f"{DAY}T09:42:11+07:00", None),
        (f"{DAY}T09:42:11.5", None),
        (f"{DAY}T9:42:11", None),
        (f"{DAY}", None),
        ("20/11/2026 09:42:11", None),
        ("٢٠٢٦-11-20T09:42:11", None),
        ("09:42:11", None),
        ("", None),
        (None, None),
    ],
)
def test_a_moment_is_a_date_time_on_the_day_of_issue(text: str | None, expected: datetime | None) -> None:
    assert moments(("Giờ lập", "dateTime", text)) == expected


@pytest.mark.parametrize("kind", ["string", "date", "numeric", "", None])
def test_other_kinds_of_data_tell_no_moment(kind: str | None) -> None:
    assert moments(("Giờ lập", kind, f"{DAY}T09:42:11")) is None


def test_case_of_the_kind_does_not_matter() -> None:
    assert moments(("Giờ lập", "DATETIME", f"{DAY}T09:42:11")) == at("09:42:11")


def test_the_earliest_of_several_moments_counts() -> None:
    told = [
        (name, "dateTime", f"{DAY}T{clock}") for name, clock in (("a", "12:00:00"), (None, "09:42:11"), ("c", "15:00"))
    ]
    assert moments(*told, ("d", "dateTime", f"{DAY}T00:00:00")) == at("09:42:11")


@settings(deadline=None)
@given(st.integers(30_000_000, 5_600_000_000))
def test_every_moment_comes_back(seconds: int) -> None:
    when = datetime.fromtimestamp(seconds, VIETNAM)
    hdon = extended("DLHDon", [("Giờ lập", "dateTime", f"{when:%Y-%m-%dT%H:%M:%S}")], nlap=when.date())
    told = 0 if f"{when:%H:%M:%S}" == "00:00:00" else seconds * 1_000_000
    assert read(hdon).issued_at.tolist() == [told]


@pytest.mark.parametrize("name", RECEIPT_NAMES)
def test_every_name_of_a_reference_is_known_however_it_is_written(name: str) -> None:
    bare = "".join(
        letter for letter in unicodedata.normalize("NFD", name.replace("đ", "d")) if not unicodedata.combining(letter)
    )
    for written in (
        name,
        name.upper(),
        unicodedata.normalize("NFD", name),
        bare,
        bare.replace(" ", "_"),
        bare.replace(" ", "").lower(),
        f" {name.replace(' ', '  ')}: ",
    ):
        assert receipts((written, "string", "GRB-1")) == ["GRB-1"], written


@pytest.mark.parametrize("name", ["Mã khách hàng", "Ma", "Mã tham chiếu 2", "Số", "", None])
def test_other_names_are_no_reference(name: str | None) -> None:
    assert receipts((name, "string", "GRB-1")) == [""]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("grb-250 / 17", "GRB-250/17"),
        ("đơn\u00a0số\n7", "ĐƠNSỐ7"),
        ("x" * 64, "X" * 64),
        (" ".join("x" * 64), "X" * 64),
        ("x" * 65, ""),
        ("", ""),
        (None, ""),
    ],
)
def test_a_reference_has_capitals_and_no_spaces(text: str | None, expected: str) -> None:
    assert receipts(("Mã đơn hàng", "string", text)) == [expected]


def test_the_first_reference_in_the_document_counts() -> None:
    fields: list[Field] = [("Mã đơn hàng", "string", "x" * 65), ("Order ID", None, None), ("Order ID", None, "B")]
    hdon = extended("DLHDon/NDHDon", fields)
    extend(hdon, "DLHDon", [CODE])
    assert read(hdon).receipts.to_pylist() == ["B"]
    extend(hdon, "DLHDon/TTChung", [("Mã giao dịch", "numeric", "77")])
    assert read(hdon).receipts.to_pylist() == ["77"]


@pytest.mark.parametrize("place", EXTENDED)
def test_only_what_speaks_of_the_invoice_itself_is_looked_at(place: str) -> None:
    hdon = extended(place, [CODE, ("Giờ lập", "dateTime", f"{DAY}T09:42:11")], fee=5_000, corrects={})
    found = read(invoice(shdon=2), hdon)
    assert [bool(moment) for moment in found.issued_at.tolist()] == [False, place in OWN]
    assert found.receipts.to_pylist() == ["", "GRB-1" if place in OWN else ""]


def test_invoices_do_not_mix_and_refused_ones_tell_nothing() -> None:
    hdons = [
        extended("DLHDon", [("Mã tham chiếu", "string", f"R{number}"), ("t", "dateTime", f"{DAY}T10:0{number}:00")])
        for number in range(4)
    ]
    found = read(*hdons, invoice(lines=[Line()]), refused=[1, 3])
    assert found.receipts.to_pylist() == ["R0", "", "R2", "", ""]
    assert [moment > 0 for moment in found.issued_at.tolist()] == [True, False, True, False, False]
    none = read(*hdons[:2], refused=[0, 1])
    assert (none.issued_at.tolist(), none.receipts.to_pylist()) == ([0, 0], ["", ""])


def test_documents_of_a_batch_do_not_mix() -> None:
    one, two = package([extended("DLHDon", [CODE]), invoice(shdon=2)]), package([household()], mst="001185000000")
    three = package([extended("DLHDon/NDHDon/TToan", [("Order ID", None, "B")])])
    found = extras_of(Columns([plain(body) for body in (two, one, three)]))
    assert found.receipts.to_pylist() == ["", "GRB-1", "", "B"]
    assert not np.any(found.issued_at)


def test_nothing_at_all() -> None:
    found = extras_of(Columns([]))
    assert (len(found.issued_at), len(found.receipts)) == (0, 0)
