"""The builders of tests/support/samples.py give what they promise."""

from __future__ import annotations

from lxml import etree

from identity.taxcode import is_valid
from invoice_schema.forms import canonical_mst
from invoice_schema.words import number
from tests.support import samples
from tests.support.samples import Line, household, invoice, package, replaces


def test_default_package_adds_up() -> None:
    tree = etree.fromstring(package())
    totals = tree.find("DLieu/HDon/DLHDon/NDHDon/TToan")
    assert totals is not None
    assert totals.findtext("TgTCThue") == "160000"
    assert totals.findtext("TgTThue") == "14000"
    assert totals.findtext("TgTTTBSo") == "174000"
    assert number(totals.findtext("TgTTTBChu", "")) == 174_000
    assert tree.findtext("TTChung/SLuong") == "1"


def test_edit_changes_removes_and_makes() -> None:
    hdon = invoice(edit={"TTChung/KHHDon": "K26MAA", "../MCCQT": None, "NDHDon/NBan/STKNHang": "1"})
    assert hdon.findtext("DLHDon/TTChung/KHHDon") == "K26MAA"
    assert hdon.find("MCCQT") is None
    assert hdon.findtext("DLHDon/NDHDon/NBan/STKNHang") == "1"


def test_household_has_no_vat() -> None:
    totals = household().find("DLHDon/NDHDon/TToan")
    assert totals is not None
    assert [child.tag for child in totals] == ["TgTTTBSo", "TgTTTBChu"]


def test_discounts_promotions_and_fees() -> None:
    lines = [Line(price=100_000), Line("Tặng nước", tchat=2), Line("Chiết khấu", 1, 10_000, tchat=3)]
    totals = invoice(lines=lines, fee=5_000).find("DLHDon/NDHDon/TToan")
    assert totals is not None
    assert totals.findtext("TgTTTBSo") == "102200"


def test_correction_names_the_other_invoice() -> None:
    assert invoice(shdon=2, corrects=replaces(1)).findtext("DLHDon/TTChung/TTHDLQuan/SHDCLQuan") == "1"


def test_codes_are_valid_and_implausible() -> None:
    for code in (
        samples.SELLER,
        samples.SELLER_2,
        samples.BRANCH,
        samples.BUYER,
        samples.PROVIDER[1:],
        samples.HOUSEHOLD,
    ):
        assert is_valid(canonical_mst(code))
        assert code.startswith("99") or code.endswith("000000")
    assert not is_valid(samples.WRONG_CHECK_DIGIT)
