"""The registry on a running hoadon: imported, then kept current by its topic; workers follow within ten seconds."""

from __future__ import annotations

import itertools
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import orjson
import pytest

from hoadon.common.clock import now_us, vietnam_day
from hoadon.common.settings import Settings
from identity.registry_file import COLUMNS
from storage.client import connect
from streams import kafka, wire
from tests.support import samples
from tests.support.samples import SELLER, SELLER_2, invoice
from tests.support.stack import Stack, environment

TODAY = vietnam_day(now_us())
WITHIN = 10.0
_numbers = itertools.count(1)


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with Stack(tmp_path_factory.mktemp("registry") / "data", workers=1) as running:
        yield running


def settings_of(stack: Stack) -> Settings:
    return Settings(
        data=stack.directory,
        kafka_bootstrap=stack.bootstrap,
        clickhouse_dsn=f"clickhouse+{stack.store}/hoadon",
    )


def codes(stack: Stack) -> set[str]:
    """What is told of a sound invoice of SELLER that is posted now."""
    number = next(_numbers)
    made = invoice(shdon=number, khhdon=f"C{TODAY:%y}MAA", nlap=TODAY)
    body = samples.package([made], number=number)
    headers = {"Authorization": f"Bearer {stack.merchant_key}", "Accept": "application/json"}
    with httpx.Client(base_url=stack.gateway, headers=headers, timeout=30) as client:
        assert client.post("/v1/packages", content=body).status_code == 202
        answer = client.get("/v1/packages/" + samples.message_id(number), params={"wait": 20})
        (told,) = answer.json()["invoices"]
        return {finding["code"] for finding in told["findings"]}


def until(stack: Stack, wanted: set[str]) -> float:
    """Seconds until a new invoice is told `wanted`."""
    began = time.monotonic()
    while (found := codes(stack)) != wanted:
        assert time.monotonic() - began < WITHIN, found
        time.sleep(0.3)
    return time.monotonic() - began


def test_an_import_and_an_update_reach_the_worker(stack: Stack, tmp_path: Path) -> None:
    assert codes(stack) == set()
    file = tmp_path / "registry.csv"
    file.write_text(f"{','.join(COLUMNS)}\n{SELLER_2},,Khác,enterprise,active,,,,,,,\n", "utf-8")
    imported = subprocess.run(
        [sys.executable, "-m", "hoadon", "registry", "import", str(file), "--data", str(stack.directory)],
        capture_output=True,
        text=True,
        env=environment(),
        check=False,
    )
    assert imported.returncode == 0, imported.stderr
    until(stack, {"ID-02"})

    outbox = kafka.Outbox(settings_of(stack))

    def tell(**row: object) -> None:
        value = orjson.dumps({"mst": SELLER, "kind": "enterprise", "status": "active", **row})
        outbox.send([kafka.Record(wire.REGISTRY, SELLER.encode(), value)])

    tell()
    until(stack, set())
    tell(status="suspended", status_since=str(TODAY))
    tell(status="shut")
    until(stack, {"ID-03"})
    with connect(settings_of(stack)) as client:
        sql = "SELECT status FROM taxpayers FINAL WHERE mst = {mst:String}"
        held = client.query(sql, parameters={"mst": SELLER})
        assert held.result_rows == [("suspended",)]
        dead = client.query("SELECT topic, reason, detail FROM dead_letters FINAL").result_rows
    assert dead == [(wire.REGISTRY, "registry", "status is not active, suspended or closed")]


def hoadon(stack: Stack, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "hoadon", *arguments, "--data", str(stack.directory)],
        capture_output=True,
        text=True,
        env=environment(),
        check=False,
    )


def test_an_officer_resolves_a_code(stack: Stack, tmp_path: Path) -> None:
    """SELLER stood in no registry for a while: its namesake is proposed."""
    file = tmp_path / "registry.csv"
    namesake = "9900000030,,CÔNG TY TNHH MTV MẪU THỬ,enterprise,active,,,Huế,,,,"
    other = "9900000048,,Công ty Cổ phần Khác Hẳn,enterprise,active,,,,,,,"
    file.write_text("\n".join([",".join(COLUMNS), namesake, other, ""]), "utf-8")
    assert hoadon(stack, "registry", "import", str(file)).returncode == 0
    queue = hoadon(stack, "links", "list", "--side", "seller")
    assert (queue.returncode, SELLER in queue.stdout) == (1, True)
    proposed = hoadon(stack, "links", "candidates", SELLER)
    assert proposed.returncode == 0, proposed.stderr
    (line,) = [line for line in proposed.stdout.splitlines() if "9900000030" in line]
    assert line.split()[-1] == "100%"
    assert "9900000048" not in proposed.stdout
    assert SELLER in proposed.stdout, "it stands in the registry now"

    assert hoadon(stack, "links", "resolve", SELLER, "9900000999", "--reason", "notice 77").returncode == 2
    assert hoadon(stack, "links", "resolve", SELLER, "9900000030", "--reason", "notice 77").returncode == 0
    assert hoadon(stack, "links", "list", "--side", "seller").returncode == 0
    assert hoadon(stack, "links", "withdraw", SELLER, "--reason", "a namesake only").returncode == 0
    assert hoadon(stack, "links", "withdraw", SELLER, "--reason", "a namesake only").returncode == 2
    assert hoadon(stack, "links", "list", "--side", "seller").returncode == 1
    log = hoadon(stack, "audit", "list", "--subject", SELLER).stdout
    assert [action for action in ("resolve", "withdraw") if action in log] == ["resolve", "withdraw"]
