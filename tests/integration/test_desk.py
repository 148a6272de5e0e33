"""Rights of persons at the desk, over rotations of keys: restriction, correction, erasure, what a province may see."""

from __future__ import annotations

import os
import pwd
from collections.abc import Iterator
from pathlib import Path

import pytest

from hoadon.common.clock import now_us, vietnam_day
from hoadon.common.errors import UsageError
from hoadon.common.settings import Settings
from identity import private
from identity.keys import Keyring, add_key, destroy_key
from identity.registry_file import COLUMNS
from identity.roles import Role, Viewer
from storage.migrate import migrate
from storage.registry import import_file
from streams.desk import Clear, Desk, Refused, desk
from streams.registry import DELAY
from tests.support import samples
from tests.support.engine_bench import EngineBench
from tests.support.samples import SELLER, SELLER_2, invoice
from tests.support.store import StoreProcess

TODAY = vietnam_day(now_us())
SERIES = f"C{TODAY:%y}MAA"
WHY = "the person asks"


class Shop:
    """Sells to persons, in Huế or Cà Mau."""

    def __init__(self, bench: EngineBench, settings: Settings, at: int) -> None:
        self.bench, self.settings, self.at = bench, settings, at
        self._number = 0

    def sell(self, mst: str = SELLER, **buyer: str) -> None:
        self._number += 1
        sold = invoice(shdon=self._number, khhdon=SERIES, nlap=TODAY, mst=mst, buyer=buyer)
        body = samples.package([sold], mst=mst, number=self._number)
        self.bench.hand_over(self.bench.message(body, received_at=self.at + self._number))

    def rotate(self, purpose: str) -> str:
        name = add_key(self.bench.keys, purpose)
        self.bench.keyring = Keyring.load(self.bench.keys)
        self.bench.restart()
        return name

    def name(self, kind: private.Kind, value: str) -> str:
        return private.pseudonyms(self.bench.keyring, kind, value)[0]


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    with StoreProcess(tmp_path / "store") as store:
        migrate(store.settings)
        data = tmp_path / "data"
        bench = EngineBench(store, data / "keys")
        file = tmp_path / "registry.csv"
        rows = (
            f"{SELLER},,Công ty Bán,enterprise,active,,retail,Huế,,,,",
            f"{SELLER_2},,Công ty Khác,enterprise,active,,retail,Cà Mau,,,,",
        )
        file.write_text("\n".join([",".join(COLUMNS), *rows, ""]), "utf-8")
        import_file(bench.client, file, bench.keyring.pseudonyms)
        bench.restart()
        settings = store.settings.model_copy(update={"data": data})
        yield Shop(bench, settings, now_us() + round(DELAY * 1e6))


def refused(code: str, act: object, *arguments: object, **more: object) -> None:
    with pytest.raises(Refused) as told:
        act(*arguments, **more)  # type: ignore[operator]
    assert told.value.code == code


PERSON, PHONE, NAME = "001199000021", "0912345689", "Trần Thị Kín"
BUYER = {"CCCDan": PERSON, "SDThoai": PHONE, "HVTNMHang": NAME}


def test_a_restriction_outlives_the_rotation_of_pseudonyms(shop: Shop) -> None:
    shop.sell(**BUYER)
    old = [shop.name("personal_id", PERSON), shop.name("phone", PHONE), shop.name("name", NAME)]
    with desk(shop.settings) as at:
        at.restrict(old[0], WHY, release=False)
    shop.rotate("pseudonym")
    shop.sell(**BUYER)
    new = [shop.name("personal_id", PERSON), shop.name("phone", PHONE), shop.name("name", NAME)]
    assert not set(old) & set(new)
    with desk(shop.settings) as at:
        for name in (*old, *new):
            refused("restricted", at.reveal, name, WHY)
        assert at.show(new[0], WHY).count == 2
        at.restrict(new[0], WHY, release=True)
        assert at.reveal(new[1], WHY) == [Clear("phone", PHONE)]


def test_corrections_outlive_every_rotation_and_none_is_lost(shop: Shop) -> None:
    shop.sell(**BUYER)
    name = shop.name("personal_id", PERSON)
    with desk(shop.settings) as at:
        at.correct(name, "my name is Kính", WHY)
        at.correct(name, "and my number is old", WHY)
    shop.rotate("pseudonym")
    shop.sell(**BUYER)
    assert shop.rotate("vault") == "vault-2"
    with desk(shop.settings) as at:
        assert at.reseal() > 0
    destroy_key(shop.bench.keys, "vault-1")
    with desk(shop.settings) as at:
        one = at.show(shop.name("personal_id", PERSON), WHY)
        assert one.says == ["my name is Kính\nand my number is old"]
        assert at.reveal(name, WHY) == [Clear("personal_id", PERSON)]


def test_what_was_not_sealed_anew_is_told_not_thrown(shop: Shop) -> None:
    shop.sell(**BUYER)
    name = shop.name("personal_id", PERSON)
    with desk(shop.settings) as at:
        at.correct(name, "my name is Kính", WHY)
    shop.rotate("vault")
    destroy_key(shop.bench.keys, "vault-1")
    with desk(shop.settings) as at:
        assert at.reveal(name, WHY) == [Clear("personal_id", None)]
        assert len(at.show(name, WHY).says) == 1


def test_who_gives_no_id_has_rights_too(shop: Shop) -> None:
    shop.sell(SDThoai=PHONE, HVTNMHang=NAME)
    shop.sell(SDThoai=PHONE)
    phone, name = shop.name("phone", PHONE), shop.name("name", NAME)
    with desk(shop.settings) as at:
        assert (at.show(phone, WHY).count, at.show(name, WHY).count) == (2, 1)
        at.erase(phone, WHY)
        assert at.show(name, WHY).count == 1
        refused("nothing", at.reveal, phone, WHY)
        assert at.reveal(name, WHY) == [Clear("name", NAME)]
    rows = shop.bench.rows("SELECT DISTINCT buyer_phone_pseudonym, buyer_phone_masked FROM invoices FINAL")
    assert [tuple(row) for row in rows] == [("", "")]


@pytest.mark.parametrize("act", ["erase", "restrict", "correct"])
def test_nobody_has_no_rights_to_use(shop: Shop, act: str) -> None:
    arguments = {"erase": (WHY,), "restrict": (WHY,), "correct": ("text", WHY)}[act]
    more = {"release": False} if act == "restrict" else {}
    with desk(shop.settings) as at:
        refused("nothing", getattr(at, act), "0" * 32, *arguments, **more)
        assert at.log.entries() == []


def test_what_was_erased_comes_back_with_an_invoice_of_another_day(shop: Shop) -> None:
    shop.sell(**BUYER)
    name = shop.name("personal_id", PERSON)
    with desk(shop.settings) as at:
        at.erase(name, WHY)
        refused("nothing", at.reveal, name, WHY)
    shop.at += 24 * 3_600_000_000
    day = shop.bench.engine._vault._day
    shop.bench.engine._vault._day = day.replace(year=day.year - 1)
    shop.sell(**BUYER)
    with desk(shop.settings) as at:
        assert at.reveal(name, WHY) == [Clear("personal_id", PERSON)]


def test_a_province_sees_its_own_of_a_person(shop: Shop) -> None:
    shop.sell(SELLER, **BUYER)
    shop.sell(SELLER_2, **(BUYER | {"SDThoai": "0933000111"}))
    name = shop.name("personal_id", PERSON)

    def at_hue(ask: object) -> object:
        with desk(shop.settings, Viewer("h", Role.SUPERVISOR, frozenset({"hue"}))) as at:
            return ask(at)  # type: ignore[operator]

    assert at_hue(lambda at: at.find(PERSON)[1]) == 1
    one = at_hue(lambda at: at.show(name, WHY))
    assert {each.mst for each in one.invoices} == {SELLER}  # type: ignore[attr-defined]
    assert shop.name("phone", "0933000111") not in {each.pseudonym for each in one.values}  # type: ignore[attr-defined]
    with desk(shop.settings) as at:
        assert at.find(PERSON)[1] == 2


def test_the_registry_is_stated_anew_under_a_new_key(shop: Shop, tmp_path: Path) -> None:
    file = tmp_path / "persons.csv"
    rows = (
        f"{PERSON},,Hộ Kín,household,active,,retail,Huế,,,,",
        f"{SELLER},,Công ty Bán,enterprise,active,,retail,Huế,,,,",
    )
    file.write_text("\n".join([",".join(COLUMNS), *rows, ""]), "utf-8")
    states = "SELECT count(), uniqExact(personal_id_pseudonym) FROM taxpayer_statements WHERE mst = '{}'"

    def stated(mst: str) -> tuple[int, int]:
        import_file(shop.bench.client, file, shop.bench.keyring.pseudonyms)
        (row,) = shop.bench.rows(states.format(mst))
        return int(row[0]), int(row[1])

    assert (stated(PERSON), stated(PERSON)) == ((1, 1), (1, 1))
    before = stated(SELLER)
    shop.rotate("pseudonym")
    assert stated(PERSON) == (2, 2)
    assert (stated(PERSON), stated(SELLER)) == ((2, 2), before)
    destroy_key(shop.bench.keys, "pseudonym-1")
    shop.bench.keyring = Keyring.load(shop.bench.keys)
    shop.bench.restart()
    shop.at = now_us() + round(DELAY * 1e6)
    shop.sell(CCCDan=PERSON)
    assert [tuple(row) for row in shop.bench.rows("SELECT buyer_link, buyer_by FROM invoices FINAL")] == [
        ("linked", "mst")
    ]


def test_the_person_is_the_one_who_is_linked(shop: Shop) -> None:
    shop.sell(MST=PERSON, CCCDan="079188765432")
    shop.sell(MST=PERSON, CCCDan="B1234567")
    rows = shop.bench.rows("SELECT DISTINCT buyer_pseudonym FROM invoices FINAL")
    assert [tuple(row) for row in rows] == [(shop.name("personal_id", PERSON),)]


def test_a_code_that_waits_nowhere_is_not_decided(shop: Shop) -> None:
    unknown = "9900000306"
    shop.sell(mst=unknown)
    with desk(shop.settings) as at:
        for code in ("9911111111", SELLER):
            refused("no_invoice", at.resolve, code, SELLER_2, WHY)
        at.resolve(unknown, SELLER_2, WHY)
        at.resolve(unknown, SELLER, WHY)
        assert at.decided().taxpayers == {unknown: SELLER}
        at.withdraw(unknown, WHY)
        refused("not_decided", at.withdraw, unknown, WHY)
        assert [entry.action for entry in at.log.entries()] == ["resolve", "resolve", "withdraw"]


def test_a_look_leaves_no_number_in_the_log(shop: Shop) -> None:
    shop.sell(**BUYER)
    with desk(shop.settings) as at:
        _look(at, shop.name("personal_id", PERSON))
        (entry,) = at.log.entries()
    assert entry.reason == "for ••••••••••21, tel ••••••••89"


def _look(at: Desk, name: str) -> None:
    at.show(name, f"for {PERSON}, tel 0912.345.689")


def test_a_damaged_head_of_the_log_lets_nobody_look(shop: Shop) -> None:
    shop.sell(**BUYER)
    name = shop.name("personal_id", PERSON)
    with desk(shop.settings) as at:
        at.show(name, WHY)
        (head,) = (shop.settings.data / "audit").glob("*.head")
        head.write_text("garbage")
        for look in (lambda: at.show(name, WHY), at.log.verify):
            with pytest.raises(UsageError, match="damaged"):
                look()
        assert len(at.log.entries()) == 1


def test_who_looked_is_the_systems_user_whatever_the_environment_says(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.sell(**BUYER)
    monkeypatch.setenv("LOGNAME", "mallory")
    monkeypatch.setenv("USER", "mallory")
    with desk(shop.settings) as at:
        at.show(shop.name("personal_id", PERSON), WHY)
        assert [entry.actor for entry in at.log.entries()] == [pwd.getpwuid(os.getuid()).pw_name]
