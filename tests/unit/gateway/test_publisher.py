from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from gateway.publisher import BUNDLE_BYTES, Publisher
from streams import wire

PARTITIONS = 12


class Sender:
    """Keeps what it is given; `acknowledge` answers all of it."""

    def __init__(self) -> None:
        self.up = True
        self.sent: list[tuple[int, bytes, list[wire.Received]]] = []
        self.open: list[asyncio.Future[str | None]] = []

    def send(
        self, partition: int, key: bytes, value: bytes, headers: list[tuple[str, bytes]]
    ) -> asyncio.Future[str | None]:
        self.sent.append((partition, key, wire.packages_of(value, dict(headers))))
        self.open.append(asyncio.get_running_loop().create_future())
        return self.open[-1]

    def acknowledge(self, reason: str | None = None) -> None:
        for future in self.open:
            future.set_result(reason)
        self.open.clear()


def package(name: str, size: int = 10) -> wire.Received:
    return wire.Received(wire.Receipt(1, "V9900000048", name), name.encode().ljust(size, b"."))


def run(
    test: Callable[[Sender, Publisher], Awaitable[None]], *, gather_s: float = 0.01, limit: int = 10 * BUNDLE_BYTES
) -> None:
    async def main() -> None:
        sender = Sender()
        publisher = Publisher(sender, PARTITIONS, gather_s=gather_s, limit=limit)
        await test(sender, publisher)
        assert (publisher.bytes, publisher.packages) == (0, 0)

    asyncio.run(main())


async def settle(seconds: float = 0.0) -> None:
    await asyncio.sleep(seconds)
    await asyncio.sleep(0)


def names(sender: Sender) -> list[list[str]]:
    return [[package.receipt.sha256 for package in packages] for _, _, packages in sender.sent]


def test_a_lone_package_goes_at_once_and_alone() -> None:
    async def test(sender: Sender, publisher: Publisher) -> None:
        task = publisher.publish("9900000016", package("a"))
        await settle()
        assert names(sender) == [["a"]]
        partition, key, _ = sender.sent[0]
        assert (partition, key) == (wire.partition_of(b"9900000016", PARTITIONS), b"9900000016")
        assert not task.done()
        sender.acknowledge()
        await task

    run(test)


def test_under_load_a_partition_gathers_in_order() -> None:
    async def test(sender: Sender, publisher: Publisher) -> None:
        tasks = [publisher.publish("9900000016", package(name)) for name in "abcdef"]
        await settle()
        assert names(sender) == [["a"]]
        await settle(0.03)
        assert names(sender) == [["a"], ["b", "c", "d", "e", "f"]]
        sender.acknowledge()
        await asyncio.gather(*tasks)

    run(test)


def test_a_bundle_holds_one_partition_only() -> None:
    async def test(sender: Sender, publisher: Publisher) -> None:
        sellers = [f"99000000{number:02d}" for number in range(40)]
        tasks = [publisher.publish(mst, package(mst)) for mst in sellers for _ in range(3)]
        for _ in range(100):
            await settle(0.03)
            if sum(len(packages) for *_, packages in sender.sent) == 120:
                break
        for partition, _, packages in sender.sent:
            assert {wire.partition_of(p.receipt.sha256.encode(), PARTITIONS) for p in packages} == {partition}
        assert sum(len(packages) for *_, packages in sender.sent) == 120
        sender.acknowledge()
        await asyncio.gather(*tasks)

    run(test)


def test_a_bundle_is_bounded_and_what_is_bigger_goes_alone() -> None:
    async def test(sender: Sender, publisher: Publisher) -> None:
        sizes = {"a": 10, "b": 600_000, "c": 600_000, "d": 3 * BUNDLE_BYTES, "e": 10}
        tasks = [publisher.publish("9900000016", package(name, size)) for name, size in sizes.items()]
        await settle(0.05)
        assert names(sender) == [["a"], ["b"], ["c"], ["d"], ["e"]]
        sender.acknowledge()
        await asyncio.gather(*tasks)

    run(test)


def test_a_failed_message_fails_every_package_in_it() -> None:
    async def test(sender: Sender, publisher: Publisher) -> None:
        tasks = [publisher.publish("9900000016", package(name)) for name in "abc"]
        await settle(0.03)
        sender.acknowledge("_MSG_TIMED_OUT")
        assert await asyncio.gather(*tasks) == ["_MSG_TIMED_OUT"] * 3

    run(test)


def test_what_waits_for_the_broker_is_bounded() -> None:
    async def test(sender: Sender, publisher: Publisher) -> None:
        task = publisher.publish("9900000016", package("a", 800))
        await settle()
        assert await publisher.publish("9900000023", package("b", 300)) == "queue-full"
        sender.acknowledge()
        await task
        again = publisher.publish("9900000023", package("b", 2_000))
        await settle(0.02)
        sender.acknowledge()
        await again

    run(test, limit=1_000)


def test_nothing_is_gathered_for_a_broker_that_is_down() -> None:
    async def test(sender: Sender, publisher: Publisher) -> None:
        sender.up = False
        assert await publisher.publish("9900000016", package("a")) == "down"
        assert sender.sent == []

    run(test)


def test_a_client_that_goes_does_not_take_its_package_back() -> None:
    async def test(sender: Sender, publisher: Publisher) -> None:
        task = publisher.publish("9900000016", package("a"))
        await settle()
        task.cancel()
        await settle()
        assert publisher.packages == 1
        sender.acknowledge()
        await settle()

    run(test)
