"""Personal data on a running hoadon: planted IDs are looked for in all that was written; the rights of a person."""

from __future__ import annotations

import itertools
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import date

import clickhouse_connect
import httpx
import pytest
from clickhouse_connect.driver.client import Client

from hoadon.common.clock import now_us, rfc3339, vietnam_day
from identity.keys import Keyring
from identity.private import shown
from tests.support import samples
from tests.support.console import sign_in
from tests.support.samples import SELLER, household, invoice
from tests.support.stack import Stack, environment

PERSON, PHONE, NAME = "001199654321", "0987654321", "Trần Thị Kín Đáo"
OTHER, OTHER_PHONE, OTHER_NAME = "079188765432", "0912876543", "Lê Văn Lặng Lẽ"
HOUSEHOLD = "001185123456"
PLANTED = re.compile("|".join((PERSON, PHONE[1:], NAME, OTHER, OTHER_PHONE[1:], OTHER_NAME)), re.IGNORECASE)
SELLERS = re.compile(HOUSEHOLD)
SERIES = "C26MQA"
# The receipt is what the merchant is told and the outcome what it sent; both name the seller, neither a buyer.
SEALED = {("evidence", "sealed"), ("dead_letters", "sealed"), ("vault", "sealed"), ("person_marks", "sealed")}
# The receipt of an invoice may look like an ID or a phone number: docs/privacy.md.
AS_TOLD = {("payments", "reference"), ("payment_matches", "reference")}
_numbers = itertools.count(7_000)


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with Stack(tmp_path_factory.mktemp("privacy") / "data", workers=1) as running:
        yield running


@pytest.fixture(scope="module")
def store(stack: Stack) -> Client:
    return clickhouse_connect.get_client(dsn=f"clickhouse+{stack.store}/hoadon")


@pytest.fixture(scope="module")
def posted(stack: Stack) -> list[httpx.Response]:
    """Answers to packages that name persons: sound, wrong in every way that is told, not readable, dead."""
    mine = {"HVTNMHang": NAME, "CCCDan": PERSON, "SDThoai": PHONE}
    goods = {"NDHDon/DSHHDVu/HHDVu[1]/THHDVu": f"SIM {PHONE} ({PERSON})"}
    others = {"Ten": OTHER_NAME, "MST": OTHER, "SDThoai": OTHER_PHONE}
    answers = []
    headers = {"Authorization": f"Bearer {stack.merchant_key}"}
    with httpx.Client(base_url=stack.gateway, headers=headers, timeout=40) as client:

        def post(body: bytes) -> None:
            answers.append(client.post("/v1/packages", content=body))

        def decide(*invoices: object, mst: str = SELLER, mngui: str = samples.PROVIDER) -> None:
            number = next(_numbers)
            post(samples.package(list(invoices), number=number, mst=mst, mngui=mngui))  # type: ignore[arg-type]
            path = f"/v1/packages/{samples.message_id(number, mngui)}"
            answers.append(client.get(path, params={"wait": 20}))
            answers.append(client.get(path, headers={"Accept": "application/json", "Accept-Language": "en"}))
            answers.append(client.get(f"/v1/invoices/{mst}/1/{SERIES}/1"))

        decide(
            invoice(shdon=1, khhdon=SERIES, buyer=mine, edit=goods),
            invoice(shdon=2, khhdon=SERIES, buyer=mine, edit={"NDHDon/TToan/TgTTTBSo": "1"}),
            invoice(shdon=3, khhdon=SERIES, buyer=others),
            invoice(shdon=4, khhdon=SERIES, buyer={**mine, "CCCDan": f"{PERSON}9"}),
            invoice(shdon=5, khhdon=SERIES, buyer=mine, edit={"TTChung/NLap": PERSON}),
            invoice(shdon=6, khhdon=SERIES, buyer=mine, edit={"TTChung/DVTTe": PERSON}),
        )
        decide(household(shdon=1, khhdon=SERIES, mst=HOUSEHOLD, buyer=mine), mst=HOUSEHOLD, mngui=f"K{HOUSEHOLD}")
        whole = samples.package([invoice(buyer=mine)], number=next(_numbers))
        post(whole[:-40])
        post(whole.replace(b"<SLuong>1<", f"<SLuong>{PERSON}<".encode()))
        answers.append(client.get(f"/v1/packages/{PERSON}"))
        answers.append(client.get("/v1/packages", params={"sha256": PERSON}))
        answers.append(client.get("/v1/invoices/x/1/C26MQA/1", params={"q": PERSON}))
        answers.append(client.post("/v1/payments", json={"content": f"{NAME} {PERSON}"}))
    return answers


def hoadon(stack: Stack, *arguments: str, given: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "hoadon", *arguments, "--data", str(stack.directory)],
        input=given,
        capture_output=True,
        text=True,
        env=environment(),
        check=False,
    )


def pseudonym(stack: Stack, value: str = PERSON) -> str:
    return shown(Keyring.load(stack.directory / "keys"), "personal_id", value).pseudonym


@pytest.fixture(scope="module")
def paid(stack: Stack, store: Client) -> date:
    """A payment that names persons, once it was looked at; its day."""
    now = now_us()
    payment = {
        "source": "vcb", "payment_id": "P-1", "paid_at": rfc3339(now), "amount": "54000", "currency": "VND",
        "credit_account": "0123456789", "bank_bin": "970436", "merchant_mst": SELLER, "channel": "qr",
        "direction": "credit", "reference": f"HD {PERSON} {OTHER_PHONE}", "content": f"CK{OTHER} {PHONE}",
    }  # fmt: skip
    headers = {"Authorization": f"Bearer {stack.merchant_key}"}
    answer = httpx.post(f"{stack.gateway}/v1/payments", json=payment, headers=headers, timeout=40)
    assert answer.status_code == 202
    until = time.monotonic() + 90
    while not store.query("SELECT count() FROM payment_matches FINAL WHERE state = 'unmatched'").first_row[0]:
        assert time.monotonic() < until
        time.sleep(0.5)
    return vietnam_day(now)


def test_nobody_is_named_anywhere(stack: Stack, store: Client, posted: list[httpx.Response], paid: date) -> None:
    assert {answer.status_code for answer in posted} >= {200, 202, 400, 404}
    accepted = "SELECT count() FROM invoices FINAL WHERE buyer_pseudonym = {who:String}"
    assert store.query(accepted, parameters={"who": pseudonym(stack)}).first_row[0] >= 2
    for answer in posted:
        assert not PLANTED.search(answer.text), answer.request.url
    for (table,) in store.query("SHOW TABLES").result_rows:
        columns = store.query(
            "SELECT name FROM system.columns WHERE database = 'hoadon' AND table = {table:String}"
            " AND type ILIKE '%String%'",
            parameters={"table": table},
        ).result_rows
        for (column,) in columns:
            if (table, column) in SEALED | AS_TOLD:
                continue
            values = store.query(f"SELECT DISTINCT toString(`{column}`) FROM `{table}`").result_rows
            assert not [value for (value,) in values if PLANTED.search(value)], (table, column)
    for path in (stack.directory / "logs").iterdir():
        text = path.read_text(errors="replace")
        assert not PLANTED.search(text), path
        assert not SELLERS.search(text), path
    urls = [stack.gateway, stack.console, *(f"http://127.0.0.1:{9100 + stack.offset + n}" for n in (1,))]
    for url in urls:
        text = httpx.get(f"{url}/metrics").text
        assert "hoadon_" in text
        assert not PLANTED.search(text) and not SELLERS.search(text)
    with httpx.Client(base_url=stack.console) as officer:
        assert sign_in(officer, "officer", stack.passwords["officer"]).status_code == 303
        for path in ("/", "/api/v1/overview", "/payments", "/api/v1/payments/sellers"):
            answer = officer.get(path)
            assert answer.status_code == 200
            assert not PLANTED.search(answer.text) and not SELLERS.search(answer.text)
    for role in ("officer", "supervisor", "auditor"):
        with httpx.Client(base_url=stack.console) as viewer:
            assert sign_in(viewer, role, stack.passwords[role]).status_code == 303
            for path in (f"/payments/{SELLER}?day={paid}", f"/api/v1/payments/{SELLER}/{paid}"):
                answer = viewer.get(path)
                assert answer.status_code == 200
                assert "HD ••••••••••21 ••••••••43" in answer.text
                assert not PLANTED.search(answer.text)
    told = hoadon(stack, "payments", "show", "vcb", "P-1").stdout
    assert "HD ••••••••••21 ••••••••43" in told and not PLANTED.search(told)
    listed = hoadon(stack, "dead-letters", "list", "--all").stdout
    assert not PLANTED.search(listed) and not SELLERS.search(listed)


def test_a_person_is_found_shown_and_revealed(stack: Stack, posted: list[httpx.Response]) -> None:
    who = pseudonym(stack)
    found = hoadon(stack, "person", "find", given=f"{PERSON}\n")
    assert (found.returncode, who in found.stdout, PERSON in found.stdout) == (0, True, False)
    assert hoadon(stack, "person", "find", given="001199000999\n").returncode == 1

    told = hoadon(stack, "person", "show", who, "--reason", "the person asks")
    assert told.returncode == 0, told.stderr
    assert "001•••••••21" in told.stdout
    assert "••••••••21" in told.stdout
    assert "T••• T•• K•• Đ••" in told.stdout
    assert not PLANTED.search(told.stdout)

    assert hoadon(stack, "person", "reveal", who, "--reason", "why").returncode == 2
    clear = hoadon(stack, "person", "reveal", who, "--reason", "file 12/2026 asks")
    assert clear.stdout.strip() == f"personal_id: {PERSON}"
    log = hoadon(stack, "audit", "list", "--subject", who).stdout
    assert [action for action in ("find", "show", "reveal") if action in log] == ["find", "show", "reveal"]
    assert "file 12/2026 asks" in log
    assert PERSON not in log


def test_a_person_has_rights(stack: Stack, store: Client, posted: list[httpx.Response]) -> None:
    who = pseudonym(stack, OTHER)
    assert hoadon(stack, "person", "restrict", who, "--reason", "the person asks").returncode == 0
    assert hoadon(stack, "person", "reveal", who, "--reason", "file 12/2026 asks").returncode == 2
    beside = store.query(
        "SELECT buyer_phone_pseudonym, buyer_name_pseudonym FROM invoices FINAL WHERE buyer_pseudonym = {who:String}",
        parameters={"who": who},
    ).first_row
    for other in beside:
        assert hoadon(stack, "person", "reveal", other, "--reason", "file 12/2026 asks").returncode == 2
    assert hoadon(stack, "person", "restrict", who, "--reason", "court order 7", "--release").returncode == 0
    assert hoadon(stack, "person", "reveal", beside[0], "--reason", "file 12/2026 asks").returncode == 0
    assert OTHER in hoadon(stack, "person", "reveal", who, "--reason", "file 12/2026 asks").stdout

    said = "Lê Văn Lặng is right"
    assert hoadon(stack, "person", "correct", who, "--reason", "the person asks", given=said).returncode == 0
    assert f"says: {said}" in hoadon(stack, "person", "show", who, "--reason", "the person asks").stdout

    held = "SELECT kind, count() FROM vault FINAL GROUP BY kind ORDER BY kind"
    before = dict(store.query(held).result_rows)
    assert hoadon(stack, "person", "erase", who, "--reason", "the person asks").returncode == 0
    after = dict(store.query(held).result_rows)
    assert {kind: before[kind] - count for kind, count in after.items()} == {"name": 1, "personal_id": 1, "phone": 1}
    assert hoadon(stack, "person", "reveal", who, "--reason", "file 12/2026 asks").returncode == 2
    rows = store.query(
        "SELECT buyer_masked, buyer_phone_masked, buyer_name_pseudonym, decision FROM invoices FINAL"
        " WHERE buyer_pseudonym = {who:String}",
        parameters={"who": who},
    ).result_rows
    assert rows == [("", "", "", "accepted")]


def test_the_audit_log_tells_what_was_done_to_it(stack: Stack, store: Client, posted: list[httpx.Response]) -> None:
    sound = hoadon(stack, "audit", "verify")
    assert sound.returncode == 0, sound.stdout
    store.command("ALTER TABLE audit_log UPDATE reason = 'another one' WHERE seq = 2", settings={"mutations_sync": 2})
    changed = hoadon(stack, "audit", "verify")
    assert (changed.returncode, "entry 2: it was changed" in changed.stdout) == (1, True)
    last = store.query("SELECT max(seq) FROM audit_log").first_row[0]
    store.command(f"ALTER TABLE audit_log DELETE WHERE seq = {last}", settings={"mutations_sync": 2})
    cut = hoadon(stack, "audit", "verify")
    assert (cut.returncode, f"entry {last}:" in cut.stdout) == (1, True)


def restart(stack: Stack, service: str) -> None:
    """By the supervisor, which starts again what ends."""
    file = stack.directory / "run" / f"{service}.pid"
    before = file.read_text()
    os.kill(int(before), signal.SIGTERM)
    deadline = time.monotonic() + 30
    while file.read_text() == before:
        assert time.monotonic() < deadline
        time.sleep(0.2)


def test_keys_are_rotated(stack: Stack, store: Client, posted: list[httpx.Response]) -> None:
    """With a new vault key and the old one destroyed, what was sealed anew still opens."""
    keys = stack.directory / "keys"
    who = pseudonym(stack)
    assert "vault-2" in hoadon(stack, "keys", "add", "vault").stdout
    assert hoadon(stack, "keys", "destroy", "vault-2").returncode == 2
    running = hoadon(stack, "keys", "destroy", "vault-1")
    assert (running.returncode, "worker-1" in running.stderr) == (2, True), "what it seals could never be opened again"
    restart(stack, "worker-1")
    restart(stack, "payments")
    sealed = hoadon(stack, "keys", "destroy", "vault-1")
    assert (sealed.returncode, "reseal" in sealed.stderr) == (2, True)
    resealed = hoadon(stack, "keys", "reseal")
    assert int(resealed.stdout.split()[0]) == store.query("SELECT count() FROM vault FINAL").first_row[0]
    assert hoadon(stack, "keys", "destroy", "vault-1").returncode == 0
    assert not (keys / "vault-1.key").exists()
    assert PERSON in hoadon(stack, "person", "reveal", who, "--reason", "file 12/2026 asks").stdout
    assert "pseudonym-2" in hoadon(stack, "keys", "add", "pseudonym").stdout
    assert pseudonym(stack) != who
    found = hoadon(stack, "person", "find", given=f"{PERSON}\n").stdout
    assert pseudonym(stack) in found
    assert "buyer on 0 invoices" not in found
