"""The order of work on batches of which one is judged while the one before is stored; judge and store are toys."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from hoadon.common.errors import Unavailable
from identity.keys import Keyring, ensure_keys
from streams.engine import Message, Output
from streams.inflight import InFlight, NotStored, SettledStore
from streams.kafka import Record
from streams.pipeline import Pipeline
from streams.processing import Processing


def _batch(number: int) -> list[Message]:
    return [Message("t", 0, number, 1_000, b"k", {}, b"%d" % number)]


class _World:
    """Judge, store and broker in one, writing down what happens in `done`.

    `unwritable` batches fail in the store, `asking` ones ask about the past; storing batch `held` takes until it is
    `released`.
    """

    def __init__(self, *, unwritable: Iterable[int] = (), asking: Iterable[int] = (), held: int = -1) -> None:
        self.done: list[tuple[str, Any]] = []
        self.in_flight = InFlight()
        self.released = threading.Event()
        self.judging, self.judged = threading.Event(), threading.Event()
        self._unwritable, self._asking, self._held = set(unwritable), set(asking), held
        self._store = SettledStore(self, self.in_flight)

    def marks(self, mtdieps: Sequence[str]) -> Mapping[str, Sequence[Any]]:
        self.done.append(("asked", [*mtdieps]))
        return {}

    def process(self, messages: Sequence[Message]) -> Output:
        numbers = [message.offset for message in messages]
        if self._held + 1 in numbers:
            self.judging.set()
        if self._asking.intersection(numbers):
            self._store.marks(["the same"])
        self.done.append(("judged", numbers))
        if self._held + 1 in numbers:
            self.judged.set()
        at = pa.array([0], pa.timestamp("us"))
        columns = {"mtdiep": ["the same"], "decision": ["accepted"], "received_at": at, "decided_at": at}
        return Output({"packages": pa.table({**columns, "number": [numbers]})})

    def revoke(self, partitions: Iterable[int]) -> None:
        self.done.append(("revoked", {*partitions}))

    def write(self, tables: Mapping[str, pa.Table], token: str) -> None:
        for name, table in tables.items():
            if name == "packages":
                (numbers,) = table.column("number").to_pylist()
                if self._held in numbers:
                    assert self.released.wait(10)
                if self._unwritable.intersection(numbers):
                    raise TypeError("not a number")
                self.done.append(("stored", numbers))
            else:
                self.done.append((name, table.num_rows))

    def send(self, records: Iterable[Record]) -> list[tuple[int, int]]:
        return []

    def told(self, *what: str) -> list[tuple[str, Any]]:
        return [one for one in self.done if one[0] in what]


def _processing(world: Any, keys: Path, in_flight: InFlight) -> Processing:
    ensure_keys(keys)
    sealer = Keyring.load(keys).evidence
    return Processing(
        world, world, world, sealer, topic="t", worker="w", patience=0.2, dead_share=1.0, in_flight=in_flight
    )


async def _run(world: _World, keys: Path, count: int, *, endless: bool = False) -> None:
    async def batches() -> AsyncIterator[tuple[int, list[Message]]]:
        for number in range(count):
            yield number, _batch(number)
            await asyncio.sleep(0)
        if endless:
            await asyncio.Event().wait()

    async def durable(mine: int, messages: Sequence[Message]) -> None:
        assert [message.offset for message in messages] == [mine]
        world.done.append(("durable", mine))

    pipeline = Pipeline(_processing(world, keys, world.in_flight), lambda: None)
    try:
        await pipeline.run(batches(), durable)
    finally:
        pipeline.close()


def test_a_batch_is_judged_while_the_one_before_is_stored_and_stored_after_it(tmp_path: Path) -> None:
    world = _World(held=0)

    async def main() -> None:
        work = asyncio.ensure_future(_run(world, tmp_path, 3))
        assert await asyncio.to_thread(world.judged.wait, 10)
        assert not world.told("stored", "durable")
        world.released.set()
        await work

    asyncio.run(main())
    assert world.told("stored", "durable") == [
        (what, number if what == "durable" else [number]) for number in range(3) for what in ("stored", "durable")
    ]
    assert world.told("judged") == [("judged", [number]) for number in range(3)]


def test_what_is_asked_of_rows_in_flight_waits_for_them(tmp_path: Path) -> None:
    world = _World(held=0, asking=[1])

    async def main() -> None:
        work = asyncio.ensure_future(_run(world, tmp_path, 2))
        assert await asyncio.to_thread(world.judging.wait, 10)
        await asyncio.sleep(0.05)
        assert not world.told("asked")
        world.released.set()
        await work

    asyncio.run(main())
    assert world.done.index(("stored", [0])) < world.done.index(("asked", ["the same"]))


@pytest.mark.parametrize("asking", [[], [1], [1, 2]])
def test_what_was_judged_on_a_batch_that_could_not_be_stored_is_judged_again(tmp_path: Path, asking: list[int]) -> None:
    world = _World(unwritable=[0], asking=asking, held=0)

    async def main() -> None:
        work = asyncio.ensure_future(_run(world, tmp_path, 3))
        assert await asyncio.to_thread(world.judging.wait, 10)
        world.released.set()
        await work

    asyncio.run(main())
    assert world.told("stored", "dead_letters", "durable") == [
        ("dead_letters", 1),
        ("durable", 0),
        ("stored", [1]),
        ("durable", 1),
        ("stored", [2]),
        ("durable", 2),
    ]
    last_revoked = max(at for at, one in enumerate(world.done) if one[0] == "revoked")
    assert last_revoked < max(at for at, one in enumerate(world.done) if one == ("judged", [1]))


def test_a_lost_store_ends_the_work_though_nothing_more_comes(tmp_path: Path) -> None:
    world = _World()

    def lost(tables: Mapping[str, pa.Table], token: str) -> None:
        raise Unavailable("store")

    world.write = lost  # type: ignore[method-assign]
    with pytest.raises(Unavailable):
        asyncio.run(asyncio.wait_for(_run(world, tmp_path, 1, endless=True), 10))
    assert not world.told("durable")


def test_a_revocation_waits_for_what_is_in_flight(tmp_path: Path) -> None:
    world = _World(held=0)
    processing = _processing(world, tmp_path, world.in_flight)
    judged = processing.judge(_batch(0))
    assert processing.begin(judged)
    storing = threading.Thread(target=processing.store, args=(judged,))
    revoking = threading.Thread(target=processing.revoke, args=([0],))
    storing.start()
    revoking.start()
    revoking.join(0.05)
    assert revoking.is_alive() and not world.told("revoked")
    world.released.set()
    storing.join(10)
    revoking.join(10)
    assert [what for what, _ in world.told("stored", "revoked")] == ["stored", "revoked"]


def test_questions_wait_only_for_rows_that_they_ask_for() -> None:
    flight = InFlight()
    table = pa.table({"mst": ["1", "2"], "shdon": [5, 6], "mccqt": ["M1-26-ABCDE-00000000001", ""]})
    flight.begin({"invoices": table})
    flight.settle_if("invoices", ["mst", "shdon"], [("1", 6), ("2", 5), ("3", 5)])
    flight.settle_if("invoices", ["mst", "mccqt"], [("2", "M1-26-ABCDE")], 11)
    flight.settle_if("corrections", ["mst"], ["1"])
    flight.settle_if("invoices", ["mst"], [])
    for columns, keys, prefix in (
        (["mst", "shdon"], [("3", 5), ("2", 6)], None),
        (["mst", "mccqt"], [("1", "M1-26-ABCDE")], 11),
        (["mst"], ["2"], None),
    ):
        waiting = threading.Thread(target=_quietly, args=(flight, columns, keys, prefix))
        waiting.start()
        waiting.join(0.02)
        assert waiting.is_alive()
        flight.end(stored=False)
        waiting.join(10)
        assert not waiting.is_alive()
        with pytest.raises(NotStored):
            flight.settle_if("invoices", columns, keys, prefix)
        flight.end(stored=True)
        flight.settle_if("invoices", columns, keys, prefix)
        flight.begin({"invoices": table})


def _quietly(flight: InFlight, columns: list[str], keys: list[Any], prefix: int | None) -> None:
    with pytest.raises(NotStored):
        flight.settle_if("invoices", columns, keys, prefix)
