"""The engine with a registry: rules on it, links, what counts when."""

from __future__ import annotations

import itertools
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from hoadon.common.clock import now_us, vietnam_day
from identity.registry_file import COLUMNS
from storage.links import Links
from storage.registry import import_file
from streams.registry import DELAY
from tests.support import samples
from tests.support.engine_bench import EngineBench
from tests.support.samples import BRANCH, BUYER, HOUSEHOLD, SELLER, SELLER_2, household, invoice
from tests.support.store import StoreProcess

TODAY = vietnam_day(now_us())
SERIES = f"C{TODAY:%y}MAA"
BUYER_PERSON = "001199000000"
_numbers = itertools.count(1)


@pytest.fixture(scope="module")
def bench(store: StoreProcess, tmp_path_factory: pytest.TempPathFactory) -> EngineBench:
    return EngineBench(store, tmp_path_factory.mktemp("keys") / "keys")


def register(bench: EngineBench, path: Path, *lines: str) -> int:
    """The moment (µs) from which packages are judged by it."""
    file = path / "registry.csv"
    file.write_text("\n".join([",".join(COLUMNS), *lines, ""]), "utf-8")
    import_file(bench.client, file, bench.keyring.pseudonyms)
    bench.restart()
    (recorded,) = bench.rows("SELECT toUnixTimestamp64Micro(max(recorded_at)) FROM registry_versions")[0]
    return int(recorded) + round(DELAY * 1e6)


def decided(bench: EngineBench, body: bytes, moment: int) -> list[str]:
    """The codes told of a package that was received at `moment`."""
    bench.hand_over(bench.message(body, received_at=moment))
    return [code for _, code in bench.codes(body)]


def link(bench: EngineBench, shdon: int, mst: str = SELLER) -> tuple[Any, ...]:
    sql = """
        SELECT seller_link, seller_by, seller_taxpayer, buyer_link, buyer_by, buyer_taxpayer, province, sector
        FROM invoices FINAL WHERE mst = {mst:String} AND shdon = {shdon:UInt32}
    """
    (row,) = bench.rows(sql, mst=mst, shdon=shdon)
    return tuple(row)


def sale(shdon: int, mst: str = SELLER, make: Any = invoice, **rest: Any) -> bytes:
    made = make(shdon=shdon, khhdon=SERIES, nlap=TODAY, mst=mst, **rest)
    return samples.package([made], mst=mst, number=next(_numbers))


def test_a_registry_counts_for_what_is_received_after_it(bench: EngineBench, tmp_path: Path) -> None:
    moment = now_us()
    assert decided(bench, sale(1), moment) == []
    assert link(bench, 1)[:3] == ("", "", "")
    moment = register(bench, tmp_path, f"{SELLER_2},,Khác,enterprise,active,,retail,Huế,,,,")
    assert decided(bench, sale(2), moment - 1) == []
    assert decided(bench, sale(3), moment) == ["ID-02"]
    assert [link(bench, shdon)[:3] for shdon in (2, 3)] == [("", "", ""), ("unknown", "", "")]
    moment = register(bench, tmp_path, f"{SELLER},,,enterprise,active,,retail,Huế,,,,")
    assert decided(bench, sale(4), moment - 1) == ["ID-02"]
    assert decided(bench, sale(5), moment) == []
    assert link(bench, 5) == ("linked", "mst", SELLER, "", "", "", "Huế", "retail")


def test_packages_of_one_batch_may_know_different_things(bench: EngineBench, tmp_path: Path) -> None:
    moment = register(bench, tmp_path, f"{SELLER},,,enterprise,suspended,{TODAY},retail,Huế,,,,")
    bodies = [sale(shdon) for shdon in (11, 12, 13, 14)]
    messages = [
        bench.message(body, received_at=moment + later) for body, later in zip(bodies, (-1, 0, -2, 1), strict=True)
    ]
    bench.hand_over(*messages)
    assert [[code for _, code in bench.codes(body)] for body in bodies] == [[], ["ID-03"], [], ["ID-03"]]
    yesterday = samples.package(
        [invoice(shdon=15, khhdon=SERIES, nlap=TODAY - timedelta(days=1))], number=next(_numbers)
    )
    assert "ID-03" not in decided(bench, yesterday, moment)
    assert decided(bench, sale(16, BRANCH), moment) == ["ID-03"]
    assert link(bench, 16, BRANCH.replace("-", ""))[:3] == ("linked", "head_office", SELLER)


def test_households_and_buyers_are_linked(bench: EngineBench, tmp_path: Path) -> None:
    moment = register(
        bench,
        tmp_path,
        f"{SELLER},,,enterprise,active,,retail,Huế,,,,",
        f"9900000094,{HOUSEHOLD},,household,active,,hotel,Hà Nội,,,,",
        f"{BUYER},,,enterprise,active,,other,Huế,,,,",
        f"{BUYER_PERSON},,,individual,active,,other,Huế,,,,",
        "9900000143,,,enterprise,active,,retail,Huế,,,9900000136,",
        "9900000151,,,enterprise,active,,retail,Huế,,,9900000120,",
        "9900000168,,,enterprise,active,,retail,Cà Mau,,,9900000120,",
    )
    assert decided(bench, sale(21, HOUSEHOLD, household), moment) == []
    assert link(bench, 21, HOUSEHOLD)[:3] == ("linked", "personal_id", "9900000094")
    assert "ID-02" not in decided(bench, sale(22, "9900000136"), moment)
    assert link(bench, 22, "9900000136")[:3] == ("linked_legacy", "legacy_mst", "9900000143")
    decided(bench, sale(23, "9900000120"), moment)
    assert link(bench, 23, "9900000120")[:3] == ("ambiguous", "legacy_mst", "")
    buyer = {"NDHDon/NMua/MST": BUYER}
    assert decided(bench, sale(24, edit=buyer), moment) == ["ID-08"]
    assert link(bench, 24)[3:6] == ("linked", "mst", BUYER)


def relinked(bench: EngineBench, shdon: int, mst: str) -> tuple[Any, ...]:
    sql = """
        SELECT seller_link, seller_by, seller_taxpayer FROM invoice_links
        WHERE mst = {mst:String} AND shdon = {shdon:UInt32}
    """
    (row,) = bench.rows(sql, mst=mst, shdon=shdon)
    return tuple(row)


def test_an_officers_decision_links_past_and_later_invoices(bench: EngineBench, tmp_path: Path) -> None:
    """On what the tests before registered: 9900000120 is ambiguous, 9900000201 is unknown."""
    links = Links(bench.client)
    moment = register(bench, tmp_path, f"{SELLER},,,enterprise,active,,retail,Huế,,,,")
    assert "ID-02" in decided(bench, sale(31, "9900000201"), moment)
    queue = {(one.side, one.code): one.link for one in links.queue("seller")}
    assert queue["seller", "9900000120"] == "ambiguous"
    assert queue["seller", "9900000201"] == "unknown"
    assert [one.mst for one in links.behind("9900000120")] == ["9900000151", "9900000168"]

    links.resolve("9900000120", "9900000168")
    links.resolve("9900000201", SELLER)
    assert relinked(bench, 23, "9900000120") == ("linked", "resolution", "9900000168")
    assert relinked(bench, 31, "9900000201") == ("linked", "resolution", SELLER)
    assert not {("seller", "9900000120"), ("seller", "9900000201")} & {(one.side, one.code) for one in links.queue()}
    bench.restart()
    resolved = max(one.at for one in links.resolutions()) + round(DELAY * 1e6)
    assert "ID-02" in decided(bench, sale(32, "9900000201"), resolved - 1)
    assert "ID-02" not in decided(bench, sale(33, "9900000201"), resolved)
    assert link(bench, 33, "9900000201")[:3] == ("linked", "resolution", SELLER)

    assert relinked(bench, 33, "9900000201") == ("linked", "resolution", SELLER)
    links.resolve("9900000201", "")
    links.resolve("9900000120", "")
    assert relinked(bench, 31, "9900000201") == ("unknown", "", "")
    assert relinked(bench, 33, "9900000201") == ("unknown", "", ""), "it came while the decision stood"
    assert relinked(bench, 23, "9900000120") == ("ambiguous", "legacy_mst", "")
    bench.restart()
    withdrawn = max(one.at for one in links.resolutions()) + round(DELAY * 1e6)
    assert "ID-02" in decided(bench, sale(34, "9900000201"), withdrawn)


def test_a_seller_of_another_package_waits_under_its_own_code(bench: EngineBench, tmp_path: Path) -> None:
    """KEY-01: the package is of SELLER, whom the registry knows, its invoice names one whom nobody knows."""
    links, stranger = Links(bench.client), "9900000306"
    moment = register(bench, tmp_path, f"{SELLER},,,enterprise,active,,retail,Huế,,,,")

    def named(shdon: int, code: str) -> list[str]:
        made = invoice(shdon=shdon, khhdon=SERIES, nlap=TODAY, edit={"NDHDon/NBan/MST": code})
        return decided(bench, samples.package([made], mst=SELLER, number=next(_numbers)), moment)

    before = {one.code for one in links.queue("seller")}
    assert {"KEY-01", "ID-02"} <= set(named(51, stranger))
    assert {"KEY-01", "ID-01", "ID-02"} <= set(named(52, "99000X"))
    assert {one.code for one in links.queue("seller")} - before == {stranger}
    links.resolve(stranger, SELLER_2)
    try:
        assert relinked(bench, 51, SELLER) == ("linked", "resolution", SELLER_2)
        assert relinked(bench, 52, SELLER) == ("unknown", "", "")
    finally:
        links.resolve(stranger, "")
    assert relinked(bench, 51, SELLER) == ("unknown", "", "")


def test_a_buyers_code_is_resolved_by_its_pseudonym(bench: EngineBench, tmp_path: Path) -> None:
    links = Links(bench.client)
    moment = register(bench, tmp_path, f"{SELLER},,,enterprise,active,,retail,Huế,,,,")
    stranger = "001199000999"
    decided(bench, sale(41, buyer={"CCCDan": stranger, "HVTNMHang": "Trần Văn Lạ"}), moment)
    code = bench.keyring.pseudonyms.of(stranger)
    assert link(bench, 41)[3] == "unknown"
    assert code not in [one.code for one in links.queue("buyer")], "a private buyer is nothing to decide"
    links.resolve(code, BUYER)
    bench.restart()
    resolved = max(one.at for one in links.resolutions()) + round(DELAY * 1e6)
    decided(bench, sale(42, buyer={"CCCDan": stranger}), resolved)
    assert link(bench, 42)[3:6] == ("linked", "resolution", BUYER)
