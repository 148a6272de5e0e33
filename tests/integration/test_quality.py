"""Data quality of a day, counted in the store against what was posted."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from prometheus_client import REGISTRY

from hoadon.common.clock import now_us, vietnam_day
from hoadon.quality import listed
from identity.registry_file import COLUMNS
from storage import quality
from storage.registry import import_file
from streams.quality import QualityCount
from streams.registry import DELAY
from tests.support import samples
from tests.support.engine_bench import EngineBench
from tests.support.samples import BUYER, SELLER, SELLER_2, invoice
from tests.support.store import StoreProcess

TODAY = vietnam_day(now_us())
SERIES = f"C{TODAY:%y}MAA"


@pytest.fixture(scope="module")
def bench(store: StoreProcess, tmp_path_factory: pytest.TempPathFactory) -> EngineBench:
    return EngineBench(store, tmp_path_factory.mktemp("keys") / "keys")


def test_a_day_is_counted(bench: EngineBench, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "registry.csv"
    taxpayers = (
        f"{SELLER},,Công ty Khác,enterprise,active,,retail,Huế,,,,",
        f"{BUYER},,,enterprise,suspended,,hotel,Cà Mau,,,,",
    )
    file.write_text("\n".join([",".join(COLUMNS), *taxpayers, ""]), "utf-8")
    import_file(bench.client, file, bench.keyring.pseudonyms)
    bench.restart()
    moment = now_us() + round(DELAY * 1e6)

    def post(number: int, mst: str, *invoices: object) -> None:
        body = samples.package(list(invoices), mst=mst, number=number)  # type: ignore[arg-type]
        for _ in range(2):
            bench.hand_over(bench.message(body, received_at=moment))

    def sold(shdon: int, mst: str = SELLER, **rest: object) -> object:
        return invoice(**{"shdon": shdon, "khhdon": SERIES, "nlap": TODAY, "mst": mst, **rest})  # type: ignore[arg-type]

    post(
        1,
        SELLER,
        sold(1),
        sold(2, buyer={"MST": BUYER}),
        sold(3, buyer={"MST": "9900000017"}),
        sold(4, edit={"NDHDon/TToan/TgTTTBSo": "1"}),
        sold(5, nlap=TODAY - timedelta(days=3)),
    )
    post(2, SELLER_2, sold(1, SELLER_2))
    post(3, BUYER, sold(1, BUYER))
    quality.count(bench.client, TODAY)
    quality.count(bench.client, TODAY)
    found = {(one.province, one.sector): one for one in quality.latest(bench.client, TODAY, TODAY)}
    assert len(found) == 3
    hue, nobody, ca_mau = found["Huế", "retail"], found["", ""], found["Cà Mau", "hotel"]
    assert (hue.invoices, hue.accepted, hue.seller_linked, hue.seller_unknown) == (5, 4, 5, 0)
    assert (hue.buyer_named, hue.buyer_linked, hue.code_invalid) == (2, 1, 1)
    assert (hue.name_differs, hue.sums_wrong, hue.late, hue.late_days) == (5, 1, 1, 3)
    assert (nobody.invoices, nobody.accepted, nobody.seller_unknown) == (1, 0, 1)
    assert (ca_mau.invoices, ca_mau.accepted, ca_mau.seller_stale) == (1, 0, 1)
    QualityCount(bench.client).tick(0)
    assert sum(one.invoices for one in quality.latest(bench.client, TODAY, TODAY)) == 7
    assert REGISTRY.get_sample_value("hoadon_quality_share", {"measure": "late"}) == pytest.approx(1 / 7)
    assert listed(bench.settings, 1, "province") == 7
    told = capsys.readouterr().out
    assert [line.split()[0] for line in told.splitlines() if line.strip()][-4:] == ["Cà", "Huế", "unknown", "all"]
    assert quality.latest(bench.client, TODAY - timedelta(days=1), TODAY - timedelta(days=1)) == []
