"""The order of a batch's work and its way around data that cannot be processed; judge and store are toys."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from cryptography.exceptions import InvalidTag

from hoadon.common.errors import Unavailable
from identity.keys import Keyring, ensure_keys
from streams import letters, wire
from streams.deadshare import DeadShare, TooManyDead
from streams.engine import DeadLetter, Message, Output
from streams.kafka import Record
from streams.processing import Processing, describe


def _message(offset: int, value: bytes | None = b"<a/>", partition: int = 0, **headers: bytes) -> Message:
    named = {name.replace("_", "-"): text for name, text in headers.items()}
    return Message("t", partition, offset, 1_000, b"0100109106", named, value)


class _World:
    """Judge, store and broker in one, writing down what happens in `done`."""

    def __init__(self, bad: Iterable[bytes] = (), unwritable: Iterable[bytes] = (), outages: int = 0) -> None:
        self.done: list[Any] = []
        self._bad, self._unwritable, self._outages = set(bad), set(unwritable), outages

    def process(self, messages: Sequence[Message]) -> Output:
        if self._outages:
            self._outages -= 1
            raise Unavailable("store")
        if any(message.value in self._bad for message in messages):
            raise ZeroDivisionError("the document says 0123")
        values = [message.value for message in messages]
        table = pa.table({"value": values, "decision": ["accepted"] * len(values)})
        return Output({"invoices": table}, [(b"k", b"decision")])

    def revoke(self, partitions: Iterable[int]) -> None:
        self.done.append(("revoke", set(partitions)))

    def write(self, tables: Mapping[str, pa.Table], token: str) -> None:
        for name, table in tables.items():
            if name == "invoices":
                values = table.column("value").to_pylist()
                if self._unwritable & set(values):
                    raise TypeError("not a number")
                self.done.append((name, values))
            elif name == "progress":
                rows = table.select(["partition", "first_offset", "last_offset"]).to_pylist()
                self.done.append((name, [tuple(row.values()) for row in rows], token.partition("@")[0]))
            else:
                self.done.append((name, table.column("reason").to_pylist()))

    def send(self, records: Iterable[Record]) -> list[tuple[int, int]]:
        self.done.append(("sent", [(record.topic, record.value) for record in records]))
        return []


def _processing(world: Any, keys: Path, **options: Any) -> Processing:
    ensure_keys(keys)
    given = {"topic": "t", "worker": "worker-1", "patience": 2.0, "dead_share": 0.5} | options
    return Processing(world, world, world, Keyring.load(keys).evidence, **given)


def test_rows_then_decisions_then_progress(tmp_path: Path) -> None:
    world = _World()
    _processing(world, tmp_path).handle([_message(4), _message(5), _message(9, partition=2)])
    assert world.done == [
        ("invoices", [b"<a/>"] * 3),
        ("sent", [(wire.DECISIONS, b"decision")]),
        ("progress", [(0, 4, 5), (2, 9, 9)], "t:0:4-5,2:9-9"),
    ]


@pytest.mark.parametrize("reason", ["engine-error", "store-error"])
def test_the_message_at_fault_becomes_a_dead_letter_and_the_others_are_stored_in_order(
    tmp_path: Path, reason: str
) -> None:
    world = _World(**{"bad" if reason == "engine-error" else "unwritable": [b"bad"]})
    _processing(world, tmp_path).handle([_message(n, b"bad" if n == 5 else b"%d" % n) for n in range(8)])
    stored = [value for name, values, *_ in world.done if name == "invoices" for value in values]
    assert stored == [b"0", b"1", b"2", b"3", b"4", b"6", b"7"]
    assert world.done[-3:] == [
        ("sent", [(wire.DEAD_LETTERS, b"bad")]),
        ("dead_letters", [reason]),
        ("progress", [(0, 0, 7)], "t:0:0-7"),
    ]
    assert ("revoke", {0}) in world.done


@pytest.mark.parametrize("reason", ["engine-error", "store-error"])
def test_one_package_at_fault_does_not_take_its_bundle_with_it(tmp_path: Path, reason: str) -> None:
    bodies = (b"0", b"bad", b"2")
    value, headers = wire.message([wire.Received(wire.Receipt(1, "*", "0" * 64), body) for body in bodies])
    message = Message("t", 0, 7, 1_000, b"k", dict(headers), value)
    world = _World(**{"bad" if reason == "engine-error" else "unwritable": [b"bad", value]})
    _processing(world, tmp_path).handle([message])
    stored = [one for name, values, *_ in world.done if name == "invoices" for one in values]
    assert stored == [b"0", b"2"]
    assert world.done[-3:] == [
        ("sent", [(wire.DEAD_LETTERS, b"bad")]),
        ("dead_letters", [reason]),
        ("progress", [(0, 7, 7)], "t:0:7-7"),
    ]


def test_an_outage_is_waited_for_and_then_given_up(tmp_path: Path) -> None:
    world = _World(outages=2)
    _processing(world, tmp_path).handle([_message(1)])
    assert world.done[-1][0] == "progress"
    with pytest.raises(Unavailable):
        _processing(_World(outages=99), tmp_path, patience=0.3).handle([_message(1)])


def test_too_many_dead_messages_end_the_work_before_progress_is_noted(tmp_path: Path) -> None:
    world = _World(bad=[b"bad"])
    with pytest.raises(TooManyDead):
        _processing(world, tmp_path).handle([_message(n, b"bad") for n in range(300)])
    assert {name for name, *_ in world.done} == {"revoke"}


def test_the_share_counts_a_package_by_its_part_of_the_message() -> None:
    share = DeadShare(0.5, least=2)
    bundle, other = _message(1, b"x" * 100), _message(2)
    share.count([bundle, other], [DeadLetter(bundle, "ENV-04", "", b"x" * 50, 0)])
    with pytest.raises(TooManyDead):
        share.count([other], [DeadLetter(other, "bad-message", "", b"<a/>", 0)])
        share.count([other], [DeadLetter(other, "bad-message", "", b"<a/>", 0)])


def test_a_worker_started_again_goes_on_counting_but_lets_a_mended_batch_through() -> None:
    share = DeadShare(0.5, [0.0] * 60 + [1.0] * 90)
    share.count([_message(n) for n in range(60)], [])
    dead = [_message(n) for n in range(60, 100)]
    letters_of = [DeadLetter(message, "engine-error", "", b"<a/>", 0) for message in dead]
    with pytest.raises(TooManyDead):
        DeadShare(0.5, [1.0] * 199).count(dead[:1], letters_of[:1])
    DeadShare(0.5, [1.0] * 199).count(dead, letters_of[:20])
    share.count(dead[:1], letters_of[:1])


def test_an_error_is_described_without_its_text() -> None:
    try:
        raise ValueError("MST 0100109106")
    except ValueError as error:
        assert describe(error).startswith("ValueError at test_processing.py:")
        assert "0100109106" not in describe(error)


def test_a_letter_out_of_a_bundle_is_the_package_with_its_receipt(tmp_path: Path) -> None:
    packages = [wire.Received(wire.Receipt(n, "V01", f"{n:064x}"), b"<p%d/>" % n) for n in range(3)]
    value, headers = wire.message(packages)
    letter = DeadLetter(Message("t", 7, 8, 9, b"k", dict(headers), value), "ENV-04", "", b"<p1/>", 1)
    body, single = wire.message([packages[1]])
    assert letters.original(letter) == letters.Original(b"k", single, body)

    ensure_keys(tmp_path)
    sealer = Keyring.load(tmp_path).evidence
    sealed = letters.seal(sealer, letter)
    assert b"<p1/>" not in sealed
    assert letters.open_sealed(sealer, sealed, "t:7:8:1") == letters.original(letter)
    with pytest.raises(InvalidTag):
        letters.open_sealed(sealer, sealed, "t:7:8:2")


def test_a_tombstone_can_be_a_letter() -> None:
    letter = DeadLetter(_message(3, None), "bad-message", "", b"", 0)
    assert letters.original(letter).value is None
    assert letters.records([letter])[0].value is None
