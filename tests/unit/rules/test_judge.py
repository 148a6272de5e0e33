"""Rules over documents: which codes an invoice gets, where, and that a bad one holds back no other."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from rules.history import Remembered
from rules.intake import take_in
from rules.judge import MOST_PER_RULE, Judgement, judge
from tests.support.samples import BRANCH, DAY, HOUSEHOLD, SELLER, Line, household, invoice, package, replaces


def judged(body: bytes, received: date | None = DAY) -> Judgement:
    document = take_in(body).document
    assert document is not None
    return judge([document], [received], Remembered(complete=False))


def codes(*args: Any, received: date | None = DAY, mst: str = SELLER, **kwargs: Any) -> list[str]:
    found = judged(package([invoice(*args, mst=mst, **kwargs)], mst=mst), received)
    return [finding.code for finding in found.findings.get(0, ())]


def test_sound_invoices_have_no_findings() -> None:
    assert codes() == []
    assert codes(mst=BRANCH) == []
    found = judged(package([household()], mst=HOUSEHOLD))
    assert not found.findings
    assert found.keys.series == [(HOUSEHOLD, "2", "C26MAA")]


def test_a_bad_invoice_holds_back_no_other() -> None:
    spoilt = [
        invoice(shdon=1, edit={"TTChung/NLap": "2026-02-30"}),
        invoice(shdon=2),
        invoice(shdon=3, edit={"NDHDon/TToan/TgTTTBSo": "1"}),
        invoice(shdon=4),
    ]
    found = judged(package(spoilt))
    assert found.rejected.tolist() == [True, False, True, False]
    assert {row: [finding.code for finding in told] for row, told in found.findings.items()} == {
        0: ["XSD-01"],
        2: ["SUM-04"],
    }
    assert found.keys[0] == ((SELLER, "1", "C26MAA"), 1)


@pytest.mark.parametrize("off", ["1.5", "-1.5"])
def test_line_tolerance_is_exact(off: str) -> None:
    lines = [Line("Phở", 1, 100_000)]
    edge = codes(lines=lines, edit={"NDHDon/DSHHDVu/HHDVu/ThTien": f"{100_000 + float(off):.1f}"})
    assert "SUM-01" not in edge
    beyond = float(off) * 1.000_001
    text = f"{100_000 + beyond:.6f}"
    assert "SUM-01" in codes(lines=lines, edit={"NDHDon/DSHHDVu/HHDVu/ThTien": text})


def test_numbers_at_the_edge_of_the_format_are_judged() -> None:
    huge = "9" * 21 + ".999999"
    edit = {f"NDHDon/DSHHDVu/HHDVu[1]/{name}": huge for name in ("SLuong", "DGia", "ThTien")}
    edit |= {"NDHDon/DSHHDVu/HHDVu[1]/TLCKhau": "999999.9999"}
    edit |= {"NDHDon/TToan/TgTTTBSo": "-" + huge, "NDHDon/TToan/TgTCThue": huge, "NDHDon/TToan/TgTThue": huge}
    assert {"SUM-01", "SUM-02", "SUM-04", "SUM-06", "SUM-07"} <= set(codes(edit=edit))


def test_deductions_may_explain_the_total_either_way() -> None:
    for sign in (1, -1, 0):
        edit = {"NDHDon/TToan/TTCKTMai": "14000", "NDHDon/TToan/TgTTTBSo": str(174_000 + sign * 14_000)}
        assert codes(edit=edit) == []
    assert codes(edit={"NDHDon/TToan/TTCKTMai": "14000", "NDHDon/TToan/TgTTTBSo": "150000"}) == ["SUM-04"]


def test_discount_in_per_cent_counts_where_no_amount_is_given() -> None:
    lines = [Line("Phở", 2, 50_000, discount=10_000)]
    line = "NDHDon/DSHHDVu/HHDVu"
    assert codes(lines=lines, edit={f"{line}/STCKhau": None, f"{line}/TLCKhau": "10"}) == []
    assert codes(lines=lines, edit={f"{line}/STCKhau": None, f"{line}/TLCKhau": "11"}) == ["SUM-01"]
    assert codes(lines=lines, edit={f"{line}/STCKhau": "10000", f"{line}/TLCKhau": "99"}) == []


@pytest.mark.parametrize(
    ("late", "expected"),
    [(-1, ["DATE-01"]), (0, []), (1, ["DATE-02"]), (11, ["DATE-02"])],
)
def test_receipt_day(late: int, expected: list[str]) -> None:
    assert codes(received=DAY + timedelta(late)) == expected


def test_without_a_receipt_time_no_rule_on_it_runs() -> None:
    assert codes(nlap=date(2026, 12, 31), received=None) == []


def test_late_data_are_told() -> None:
    found = judged(package(), DAY + timedelta(7))
    (finding,) = found.findings[0]
    assert dict(finding.data) == {"late_days": 7, "band": "6-10"}
    assert finding.path == "/TDiep/DLieu/HDon[1]/DLHDon/TTChung/NLap"
    assert found.rejected.tolist() == [False]


def test_a_correction_goes_by_the_day_of_what_it_corrects() -> None:
    lines = [Line("Phở", 1, 100_000, "8%")]
    inside, outside = date(2022, 12, 31), date(2023, 1, 1)
    day = date(2023, 3, 1)
    assert "VAT-02" in codes(lines=lines, nlap=day, received=day)
    assert codes(lines=lines, nlap=day, received=day, corrects=replaces(2, nlap=inside, khhdon="C22MAA")) == []
    told = codes(lines=lines, nlap=day, received=day, corrects=replaces(2, nlap=outside, khhdon="C23MAA"))
    assert set(told) == {"VAT-02"}


def test_many_findings_of_one_rule_are_cut() -> None:
    lines = [Line("x", 1, 1_000, "7%")] * (MOST_PER_RULE + 20)
    found = judged(package([invoice(lines=lines)]))
    told = [finding.code for finding in found.findings[0]]
    assert told.count("VAT-01") == MOST_PER_RULE + 1  # lines, and the one LTSuat


def test_every_finding_leads_to_an_element() -> None:
    body = package([invoice(shdon=1), invoice(shdon=2, edit={"NDHDon/DSHHDVu/HHDVu[2]/TSuat": "7%"})])
    found = judged(body)
    places = [finding.path for finding in found.findings[1] if finding.code == "VAT-01"]
    assert places == ["/TDiep/DLieu/HDon[2]/DLHDon/NDHDon/DSHHDVu/HHDVu[2]/TSuat"]


def test_messages_without_code_are_for_the_newest_regime_only() -> None:
    early = package([invoice(nlap=date(2026, 6, 30))], mltdiep="216")
    assert [finding.code for finding in take_in(early).findings] == ["ENV-05"]
    day = date(2026, 7, 1)
    body = package([invoice(nlap=day, khhdon="K26MAA", edit={"../MCCQT": None})], mltdiep="216")
    assert not judged(body, day).findings


def test_every_line_that_violates_the_schema_is_told() -> None:
    lines = [Line("x", 1, 1_000)] * 120
    edit = {f"NDHDon/DSHHDVu/HHDVu[{place}]/STT": "x" for place in range(1, 121)}
    found = judged(package([invoice(lines=lines, edit=edit)]))
    assert [finding.code for finding in found.findings[0]] == ["XSD-01"] * 120


def test_an_invoice_without_a_series_holds_back_no_other() -> None:
    for absent in ("TTChung/KHHDon", "TTChung/KHMSHDon", "TTChung/SHDon"):
        keyless = invoice(shdon=1, edit={absent: None})
        for order in ([keyless, invoice(shdon=2)], [invoice(shdon=2), keyless]):
            found = judged(package(order))
            place = order.index(keyless)
            assert found.keys.of[place] == -1
            assert found.keys[1 - place] == ((SELLER, "1", "C26MAA"), 2)
            assert [finding.code for finding in found.findings[place]] == ["XSD-01"]
            assert found.rejected.tolist() == [place == 0, place == 1]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"<SHDon>1<", b"<SHDon>1&#32;<"),
        (b"<SHDon>70<", b"<SHDon>7<!--\n-->0<"),
        (b"<SHDon>70<", b"<SHDon><![CDATA[7]]><!-- -->0<"),
        (b"<NLap>2026-11-20<", b"<NLap>2026-11-20&#10;<"),
        (b"<NLap>2026-11-20<", b"<NLap>2026<!--\n-->-11-20<"),
        (b"<ThTien>100000<", b"<ThTien>&#32;100<!--\n\n-->000<"),
        (b"<TSuat>8%<", b"<TSuat>&#32;8%<"),
        (b"<DVTTe>VND<", b"<DVTTe>VND&#9;<"),
        (b"<DVTTe>VND<", b"<DVTTe>&#32;<"),
        (b"<KHHDon>C26MAA<", b"<KHHDon>C26MAA&#32;<"),
    ],
)
def test_the_writing_of_a_value_changes_nothing(old: bytes, new: bytes) -> None:
    body = package([invoice(shdon=70 if b"70" in old else 1)])
    assert old in body
    plain, written = judged(body), judged(body.replace(old, new))
    assert not written.findings
    assert written.keys.of.tolist() == [0]
    assert written.keys[0] == plain.keys[0]
    assert written.columns.contents == plain.columns.contents or b"DVTTe" in old


def test_findings_quote_and_do_not_repeat_the_document() -> None:
    edit = {"NDHDon/DSHHDVu/HHDVu[1]/TSuat": "9" * 100_000}
    found = judged(package([invoice(khhdon="C26M" + "A" * 100_000, edit=edit)]))
    assert found.rejected.all()
    assert all(len(str(finding.data)) < 500 for finding in found.findings[0])


def test_other_forms_with_rates_are_judged_as_vat_invoices() -> None:
    without = {"NDHDon/TToan/TgTCThue": None, "NDHDon/TToan/TgTThue": None}
    assert codes(khmshdon="1", edit=without) == ["VAT-05"]
    form3 = {"TTChung/KHMSHDon": "3", "../MCCQT": "M3-26-ABCDE-00000000001"}
    assert codes(edit=form3) == []
    assert codes(edit=form3 | without) == ["VAT-05"]


def test_an_empty_rate_group_is_absent() -> None:
    empty = {
        f"NDHDon/TToan/THTTLTSuat/LTSuat[{place}]/{name}": ""
        for place in (1, 2)
        for name in ("TSuat", "ThTien", "TThue")
    }
    assert "VAT-05" in codes(edit=empty)
