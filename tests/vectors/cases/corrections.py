"""COR-01, COR-02, COR-05, COR-06."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta

from lxml import etree

from rules.law import REGIME_C
from tests.support.samples import DAY, HOUSEHOLD, Line, household, invoice, replaces
from tests.vectors.parts import Vectors, one

_LAST_OF_B = REGIME_C - timedelta(days=1)
_NAMED = ("TCHDon", "KHMSHDCLQuan", "KHHDCLQuan", "SHDCLQuan", "NLHDCLQuan")


def corrections(vectors: Vectors) -> None:
    _incomplete(vectors)
    _no_return(vectors)
    _the_future(vectors)
    _itself(vectors)


def _second(change: Mapping[str, str | None] | None = None, *, nlap: date = DAY, **rest: object) -> etree._Element:
    """Invoice number 2, which replaces number 1 of `nlap`; `change` are other values of TTHDLQuan. No rate of 8 %."""
    lines = rest.pop("lines", [Line("Cơm tấm sườn", 2, 50_000, "10%")])
    corrects = {**replaces(1, nlap=nlap), **(change or {})}
    return invoice(shdon=2, nlap=nlap, lines=lines, corrects=corrects, **rest)  # type: ignore[arg-type]


def _of_household(change: Mapping[str, str | None], **rest: object) -> bytes:
    corrects = {**replaces(1, khmshdon="2"), **change}
    return one(household(shdon=2, corrects=corrects, **rest), mst=HOUSEHOLD)


def _incomplete(vectors: Vectors) -> None:
    add = vectors.add
    for name in _NAMED:
        problems = {"problems": [f"missing {name}"]}
        add(f"COR-01/fail-no-{name}", one(_second({name: None})), data=problems)
        add(f"COR-01/fail-blank-{name}", one(_second({name: " "})), data=problems)
    for name, change in {
        "TCHDon-0": {"TCHDon": "0"},
        "TCHDon-3": {"TCHDon": "3"},
        "TCHDon-01": {"TCHDon": "01"},
        "KHMSHDCLQuan-12-characters": {"KHMSHDCLQuan": "01GTKT0/0011"},
        "KHHDCLQuan-9-characters": {"KHHDCLQuan": "AA/2026EX"},
        "SHDCLQuan-0": {"SHDCLQuan": "0"},
        "SHDCLQuan-9-digits": {"SHDCLQuan": "100000000"},
        "SHDCLQuan-letters": {"SHDCLQuan": "12a"},
        "SHDCLQuan-negative": {"SHDCLQuan": "-1"},
        "NLHDCLQuan-day-first": {"NLHDCLQuan": "19/11/2026"},
        "NLHDCLQuan-2026-02-29": {"NLHDCLQuan": "2026-02-29"},
        "NLHDCLQuan-week": {"NLHDCLQuan": "2026-W40-1"},
        "NLHDCLQuan-ten-digits": {"NLHDCLQuan": "2026111900"},
        "NLHDCLQuan-with-time": {"NLHDCLQuan": "2026-11-19T08:00:00"},
    }.items():
        add(f"COR-01/fail-{name}", one(_second(change)), data={"problems": [f"malformed {next(iter(change))}"]})
    nothing = dict.fromkeys(_NAMED)
    add(
        "COR-01/fail-note-only", one(_second({**nothing, "LHDCLQuan": None})),
        data={"problems": [f"missing {name}" for name in _NAMED]},
    )  # fmt: skip
    add(
        "COR-01/fail-several", one(_second({"TCHDon": "4", "SHDCLQuan": "", "NLHDCLQuan": "?"})),
        data={"problems": ["missing SHDCLQuan", "malformed TCHDon", "malformed NLHDCLQuan"]},
    )  # fmt: skip
    add("COR-01/fail-sales-invoice", _of_household({"SHDCLQuan": None}))
    for day in (_LAST_OF_B, REGIME_C):
        add(f"COR-01/fail-on-{day}", one(_second({"TCHDon": None}, nlap=day)))

    for name, change in {
        "replacement": {"TCHDon": "1"},
        "adjustment": {"TCHDon": "2"},
        "trade-discounts": {"TCHDon": "5"},
        "only-what-must-be": {"LHDCLQuan": None, "GChu": None},
        "KHMSHDCLQuan-11-characters": {"KHMSHDCLQuan": "01GTKT0/001"},
        "KHHDCLQuan-8-characters": {"KHHDCLQuan": "AA/2026E"},
        "SHDCLQuan-99999999": {"SHDCLQuan": "99999999"},
        "SHDCLQuan-leading-zeros": {"SHDCLQuan": "0000000001"},
        "blanks-around": {"TCHDon": " 1 ", "SHDCLQuan": "\n1\n", "NLHDCLQuan": f" {DAY} "},
        "another-list-with-any-date": {"SBKCLQuan": "BK-1", "NBKCLQuan": "tháng 11"},
    }.items():
        add(f"COR-01/pass-{name}", one(_second(change)))
    add("COR-01/pass-leap-day", one(_second({"NLHDCLQuan": "2028-02-29"}, nlap=date(2028, 3, 1))))
    blank = dict.fromkeys(("LHDCLQuan", "GChu", *_NAMED), " ")
    add("COR-01/pass-empty-TTHDLQuan", one(invoice(corrects={})))
    add("COR-01/pass-blank-TTHDLQuan", one(invoice(corrects=blank)))
    add("COR-01/pass-no-TTHDLQuan", one(invoice()))
    add("COR-01/pass-sales-invoice", _of_household({}))


def _no_return(vectors: Vectors) -> None:
    add = vectors.add
    adjusts = {"TCHDon": "2"}
    returned = [Line("Cơm tấm sườn", -1, 50_000, "10%")]
    exchanged = [Line("Cơm tấm sườn", -1, 50_000, "10%"), Line("Phở bò", 1, 50_000, "10%")]
    add("COR-02/fail-on-the-first-day-of-regime-C", one(_second(adjusts, nlap=REGIME_C)))
    add("COR-02/fail-leap-day", one(_second(adjusts, nlap=date(2028, 2, 29))))
    add("COR-02/fail-total-0", one(_second(adjusts, lines=exchanged)))
    add("COR-02/fail-sales-invoice", _of_household(adjusts))
    add("COR-02/pass-on-the-last-day-of-regime-B", one(_second(adjusts, nlap=_LAST_OF_B)))
    add("COR-02/pass-return", one(_second(adjusts, lines=returned, nlap=REGIME_C)))
    add("COR-02/pass-sales-invoice", _of_household(adjusts, lines=[Line("Bún chả", -1, 45_000, None)]))
    add("COR-02/pass-replacement", one(_second()))
    add("COR-02/pass-trade-discounts", one(_second({"TCHDon": "5"})))
    add("COR-02/pass-no-cash-register", one(_second(adjusts, khhdon="C26TAA")), also=("KEY-02",))


def _the_future(vectors: Vectors) -> None:
    add = vectors.add
    tomorrow = DAY + timedelta(days=1)
    add(
        "COR-05/fail-a-day-after", one(_second({"NLHDCLQuan": str(tomorrow)})),
        data={"nlap": str(DAY), "related": str(tomorrow)},
    )  # fmt: skip
    for name, nlap, other in (
        ("leap-day", date(2028, 2, 28), "2028-02-29"),
        ("last-day-of-regime-B", _LAST_OF_B, str(REGIME_C)),
        ("new-year", date(2026, 12, 31), "2027-01-01"),
    ):
        add(f"COR-05/fail-{name}", one(_second({"NLHDCLQuan": other}, nlap=nlap)))
    add("COR-05/fail-adjustment", one(_second({"TCHDon": "2", "NLHDCLQuan": str(tomorrow)})))
    add("COR-05/fail-sales-invoice", _of_household({"NLHDCLQuan": str(tomorrow)}))
    add("COR-05/fail-with-TCHDon-missing", one(_second({"TCHDon": None, "NLHDCLQuan": "2027-01-01"})), also=("COR-01",))
    for name, nlap, other in (
        ("same-day", DAY, str(DAY)),
        ("day-before", DAY, str(DAY - timedelta(days=1))),
        ("on-leap-day", date(2028, 2, 29), "2028-02-29"),
        ("after-leap-day", date(2028, 3, 1), "2028-02-29"),
        ("first-day-of-regime-C", REGIME_C, str(_LAST_OF_B)),
        ("paper-invoice-of-long-ago", DAY, "2015-01-31"),
    ):
        add(f"COR-05/pass-{name}", one(_second({"NLHDCLQuan": other}, nlap=nlap)))
    add("COR-05/pass-unreadable-is-of-COR-01", one(_second({"NLHDCLQuan": "2027-02-29"})), also=("COR-01",))
    add("COR-05/pass-absent-is-of-COR-01", one(_second({"NLHDCLQuan": ""})), also=("COR-01",))
    add("COR-05/pass-no-TTHDLQuan", one(invoice()))


def _itself(vectors: Vectors) -> None:
    add = vectors.add
    itself = {"SHDCLQuan": "2"}
    add("COR-06/fail-replacement", one(_second(itself)), data={"shdon": 2})
    add("COR-06/fail-adjustment", one(_second({"TCHDon": "2", **itself})))
    add("COR-06/fail-leading-zeros", one(_second({"SHDCLQuan": "0000002"})))
    add("COR-06/fail-leading-zeros-of-its-own", one(_second(itself, edit={"TTChung/SHDon": "00000002"})))
    add("COR-06/fail-sales-invoice", _of_household(itself))
    for day in (_LAST_OF_B, REGIME_C):
        add(f"COR-06/fail-on-{day}", one(_second(itself, nlap=day)))
    for name, change in {
        "next-number": {"SHDCLQuan": "3"},
        "ten-times-the-number": {"SHDCLQuan": "20"},
        "other-series": {**itself, "KHHDCLQuan": "C26MAB"},
        "other-form": {**itself, "KHMSHDCLQuan": "2"},
        "series-of-the-year-before": {**itself, "KHHDCLQuan": "C25MAA", "NLHDCLQuan": "2025-11-20"},
    }.items():
        add(f"COR-06/pass-{name}", one(_second(change)))
    add("COR-06/pass-no-TTHDLQuan", one(invoice()))
    add("COR-06/pass-sales-invoice", _of_household({}))
