"""What the generator promises: the same again, sound documents, sums that the documents bear out."""

from __future__ import annotations

import re
from collections import Counter
from datetime import date
from decimal import Decimal
from itertools import islice, pairwise

import pytest
from lxml import etree

from identity.taxcode import is_valid
from invoice_schema.forms import KHHDON, MCCQT, MTDIEP, canonical_mst
from invoice_schema.words import number
from load.defects import known
from load.generator import Generator, packages
from load.merchants import merchants
from load.names import PROVINCES
from load.sectors import SECTORS, reduced
from load.taxcodes import PEOPLE, enterprise, person
from load.truth import Package

DAY = date(2026, 11, 20)
PERCENT = {"0": 0, "5": 5, "8": 8, "10": 10, "KCT": 0, "KKKNT": 0}


def some(count: int, **settings: object) -> list[Package]:
    settings.setdefault("day", DAY)
    settings.setdefault("package_size", 20)
    return list(islice(packages(**settings), count))  # type: ignore[arg-type]


def money(element: etree._Element, path: str) -> Decimal:
    return Decimal(element.findtext(path) or "0")


def test_same_seed_same_bytes() -> None:
    shares = dict.fromkeys(known(), 0.01)
    assert some(60, seed=7, defects=shares) == some(60, seed=7, defects=shares)


def test_other_seed_other_packages() -> None:
    assert {one.mtdiep for one in some(20, seed=1)}.isdisjoint({one.mtdiep for one in some(20, seed=2)})


def test_size_and_lines() -> None:
    made = some(200)
    invoices = sum(len(one.truth.invoices) for one in made)
    assert invoices == 200 * 20
    assert 2_000 < sum(len(one.body) for one in made) / invoices < 6_000
    assert 4.5 < sum(one.body.count(b"<HHDVu>") for one in made) / invoices < 5.7


def test_envelope_names_the_package() -> None:
    for one in some(60):
        head = etree.fromstring(one.body).find("TTChung")
        assert head is not None
        assert re.fullmatch(MTDIEP, one.mtdiep or "")
        assert head.findtext("MTDiep") == one.mtdiep
        assert head.findtext("MNGui") == one.mngui
        assert head.findtext("MST") == one.mst
        assert head.findtext("SLuong") == str(len(one.truth.invoices))
        assert (one.mtdiep or "").startswith(one.mngui)


def test_invoices_add_up_and_agree_with_the_truth() -> None:
    for one in some(150):
        root = etree.fromstring(one.body)
        for hdon, truth in zip(root.iterfind("DLieu/HDon"), one.truth.invoices, strict=True):
            head, body = hdon.find("DLHDon/TTChung"), hdon.find("DLHDon/NDHDon")
            assert head is not None
            assert body is not None
            symbol = head.findtext("KHHDon", "")
            assert re.fullmatch(KHHDON, symbol)
            assert re.fullmatch(MCCQT, hdon.findtext("MCCQT", ""))
            assert (
                canonical_mst(body.findtext("NBan/MST", "")),
                head.findtext("KHMSHDon"),
                symbol,
                int(head.findtext("SHDon", "")),
            ) == truth.key
            assert head.findtext("NLap") == DAY.isoformat()
            check_sums(body, foreign=truth.currency != "VND")
            totals = body.find("TToan")
            assert totals is not None
            assert (money(totals, "TgTCThue"), money(totals, "TgTThue"), money(totals, "TgTTTBSo")) == (
                truth.before_vat,
                truth.vat,
                truth.total,
            )
            if truth.currency == "VND":
                assert number(totals.findtext("TgTTTBChu", "")) == truth.total
            else:
                assert head.findtext("TGia")


def check_sums(body: etree._Element, *, foreign: bool) -> None:
    unit = Decimal("0.01") if foreign else Decimal(1)
    bases: Counter[str] = Counter()
    lines = Decimal(0)
    for line in body.iterfind("DSHHDVu/HHDVu"):
        kind, amount = line.findtext("TChat"), money(line, "ThTien")
        if kind == "1":
            gross = money(line, "SLuong") * money(line, "DGia")
            discount = money(line, "STCKhau") or gross * money(line, "TLCKhau") / 100
            assert abs(gross - discount - amount) <= unit / 2
        if kind in ("1", "3"):
            counted = amount if kind == "1" else -amount
            lines += counted
            bases[line.findtext("TSuat", "").removesuffix("%")] += counted  # type: ignore[assignment]
    totals = body.find("TToan")
    assert totals is not None
    voucher = [Decimal(0), money(totals, "TTCKTMai")]
    fees = sum((money(fee, ".") for fee in totals.iterfind("DSLPhi/LPhi/TPhi")), Decimal(0))
    if totals.find("TgTCThue") is None:
        assert set(bases) == {""}
        assert money(totals, "TgTTTBSo") in [lines + fees - one for one in voucher]
        return
    taxes = Decimal(0)
    for row in totals.iterfind("THTTLTSuat/LTSuat"):
        rate = row.findtext("TSuat", "").removesuffix("%")
        base, tax = money(row, "ThTien"), money(row, "TThue")
        assert bases.pop(rate) == base
        assert abs(base * PERCENT[rate] / 100 - tax) <= unit / 2
        taxes += tax
    assert not bases
    assert (money(totals, "TgTCThue"), money(totals, "TgTThue")) == (lines, taxes)
    assert money(totals, "TgTTTBSo") in [lines + taxes + fees - one for one in voucher]


def test_numbers_rise_in_every_series_and_codes_are_unique() -> None:
    last: dict[tuple[str, str, str], int] = {}
    codes: set[tuple[str, str]] = set()
    for one in some(200, start=500):
        root = etree.fromstring(one.body)
        for truth, hdon in zip(one.truth.invoices, root.iterfind("DLieu/HDon"), strict=True):
            series = truth.key[:3]
            assert truth.shdon == last.get(series, 499) + 1
            last[series] = truth.shdon
            code = (truth.mst, hdon.findtext("MCCQT", ""))
            assert code not in codes
            codes.add(code)
    assert len(last) > 100


def test_variety() -> None:
    made = b"".join(one.body for one in some(600, package_size=30))
    for needed in (
        b"<TSuat>0%</TSuat> <TSuat>5%</TSuat> <TSuat>8%</TSuat> <TSuat>8</TSuat> <TSuat>10%</TSuat> <TSuat>KCT</TSuat>"
        b" <TSuat>KKKNT</TSuat> <TChat>2</TChat> <TChat>3</TChat> <TChat>4</TChat> <PBan>2.0.1</PBan>"
        b" <PBan>2.1.0</PBan>"
        b" <MHSo/> <TTKhac> <DLQRCode> <CCCDan> <SHChieu> <MDVQHNSach> <TTCKTMai> <LPhi> <TLCKhau>10</TLCKhau>"
        b" <TCHDon>1</TCHDon> <TCHDon>2</TCHDon> <DVTTe>USD</DVTTe> <KHMSHDon>2</KHMSHDon> <MNGui>K <MNGui>V"
    ).split():
        assert needed in made, needed


@pytest.mark.parametrize(("day", "expected"), [(date(2023, 3, 15), False), (date(2027, 1, 1), False), (DAY, True)])
def test_eight_percent_only_inside_its_windows(day: date, expected: bool) -> None:
    made = b"".join(one.body for one in some(60, day=day))
    assert (b"<TSuat>8" in made) is expected is reduced(day)


def test_merchants_cover_sectors_provinces_and_forms_of_codes() -> None:
    made = merchants(300)
    assert {one.sector.code for one in made[: len(SECTORS)]} == {sector.code for sector in SECTORS}
    assert {one.province for one in made} == set(PROVINCES)
    assert {len(one.mst) for one in made} == {10, 12, 13}
    assert len({one.mst for one in made}) == len({one.mtt_code for one in made}) == 300
    assert merchants(10) == made[:10]


def test_codes_belong_to_nobody() -> None:
    for one in merchants(300):
        assert is_valid(one.mst)
        assert one.mst.endswith("000000") if one.household else one.mst.startswith("99")
    assert len({enterprise(n) for n in range(3_000)}) == 3_000
    assert len({person(n) for n in range(PEOPLE)}) == PEOPLE
    with pytest.raises(ValueError, match="personal IDs"):
        person(PEOPLE)


def test_shares_are_kept() -> None:
    shares = dict.fromkeys(known(), 0.01)
    made = some(400, merchants=60, defects=shares, package_size=40)
    packages_with = Counter(code for one in made for code in one.truth.codes)
    invoices_with = Counter(code for one in made for truth in one.truth.invoices for code in truth.codes)
    judged = sum(len(one.truth.invoices) for one in made)
    for code in known():
        if code.startswith("ENV-"):
            assert 1 <= packages_with[code] <= 12, code
        elif code != "ID-01":
            assert 0.006 < invoices_with[code] / judged < 0.014, code
    assert invoices_with["ID-01"] >= 40


def test_spoiled_package_comes_again_sound() -> None:
    made = some(100, defects={"ENV-07": 0.3})
    for broken, sound in pairwise(made):
        if broken.truth.codes:
            assert broken.truth.refused
            assert sound.truth.decision == "accepted"
            assert (sound.mst, sound.body.count(b"<HDon>")) == (broken.mst, broken.body.count(b"<HDon>"))
            assert sound.mtdiep != broken.mtdiep


def test_conflict_has_the_total_of_what_it_conflicts_with() -> None:
    accepted: dict[tuple[str, str, str, int], Decimal] = {}
    conflicts = 0
    for one in some(200, merchants=20, defects={"KEY-07": 0.05}):
        for truth in one.truth.invoices:
            if truth.codes:
                assert truth.total == accepted[truth.key]
                conflicts += 1
            else:
                accepted[truth.key] = truth.total
    assert conflicts > 50


def test_tally_is_the_sum_of_rows() -> None:
    generator = Generator(
        seed=3,
        merchants=30,
        day=DAY,
        package_size=10,
        corrections=0.8,
        repeats=0.1,
        defects={"SUM-04": 0.05, "KEY-02": 0.02, "KEY-07": 0.02, "ENV-06": 0.05},
    )
    rows: dict[tuple[str, str, str, int], tuple[bool, Decimal, str]] = {}
    sums = None
    repeated = 0
    for one in islice(generator, 300):
        tally = one.truth.tally()
        if sums is None:
            sums = tally
        else:
            sums.add(tally)
        repeated += one.truth.repeated
        for truth in () if one.truth.repeated else one.truth.invoices:
            if not rows.get(truth.key, (False,))[0]:
                rows[truth.key] = (truth.accepted, truth.total, truth.currency)
    assert sums is not None
    accepted = [row for row in rows.values() if row[0]]
    assert repeated == sums.packages["repeated"] > 0
    assert sums.rows_accepted == len(accepted)
    assert sums.rows_rejected == len(rows) - len(accepted)
    assert sums.total == sum(row[1] for row in accepted if row[2] == "VND")


def test_resume_goes_on_where_it_stopped() -> None:
    first = Generator(seed=5, merchants=10, day=DAY, package_size=5)
    for _ in range(20):
        first.package()
    second = Generator(seed=5, merchants=10, day=DAY, package_size=5)
    second.resume(first.counters())
    assert second.counters() == first.counters()
    seen = {
        truth.key
        for one in islice(Generator(seed=5, merchants=10, day=DAY, package_size=5), 20)
        for truth in one.truth.invoices
    }
    assert seen.isdisjoint({truth.key for one in islice(second, 20) for truth in one.truth.invoices})


def test_unknown_code_is_refused() -> None:
    with pytest.raises(ValueError, match="XYZ-01"):
        Generator(defects={"XYZ-01": 0.1})


@pytest.mark.parametrize("lines", [1, 200])
def test_invoices_have_as_many_lines_as_asked(lines: int) -> None:
    made = Generator(seed=5, merchants=10, day=DAY, package_size=20, lines=lines)
    counts = [hdon.count(b"<HHDVu>") for package in islice(made, 20) for hdon in package.body.split(b"<HDon>")[1:]]
    assert min(counts) >= 1
    # Now and then a gift, a note or a discount is added, or it is a return of two.
    assert sum(count in (lines, lines + 1) for count in counts) > 0.95 * len(counts)
