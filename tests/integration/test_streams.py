"""The worker's edges against a real broker and store: poison, huge messages, outages, audit, watermark."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from hoadon.common.clock import now_us
from hoadon.common.errors import Unavailable, UsageError
from hoadon.common.settings import Settings
from identity.keys import ensure_keys
from storage import progress
from storage.client import connect
from storage.progress import Range
from streams import deadletters, kafka, letters, wire
from streams.coverage import Coverage
from streams.jobs import Jobs
from streams.watermark import Watermark
from streams.worker import slot
from tests.support.bench import Bench
from tests.support.broker import BrokerProcess
from tests.support.ports import free_ports
from tests.support.store import StoreProcess


@pytest.fixture
def bench(
    broker: BrokerProcess, store: StoreProcess, settings_factory: Callable[..., Settings], tmp_path: Path
) -> Iterator[Bench]:
    made = settings_factory(
        broker,
        store,
        metrics_port=free_ports(4),
        patience=10.0,
        batch_messages=100,
        batch_bytes=32 * 1024 * 1024,
        produce_timeout=2.0,
        audit_wait=0.5,
    )
    ensure_keys(made.data / "keys")
    yield Bench(made, tmp_path)


def _read(bench: Bench, partition: int, first: int, last: int) -> list[kafka.Stored]:
    return list(kafka.read(bench.settings, bench.topic, partition, first, last))


def _write(bench: Bench, *ranges: Range) -> None:
    with connect(bench.settings) as client:
        client.insert_arrow("progress", progress.rows(bench.topic, ranges, "worker-1"))


def test_poison_becomes_a_dead_letter_and_the_stream_goes_on(bench: Bench) -> None:
    receipt = (wire.RECEIPT, b'{"received_at":1,"sender":"V0101234567","sha256":"00"}')
    headers = [(wire.FORMAT, wire.XML), receipt]
    outbox = kafka.Outbox(bench.settings)
    bench.produce(300)
    ((partition, offset),) = outbox.send([kafka.Record(bench.topic, b"0100109106", b"poison <secret/>", headers)])
    ((null, tombstone),) = outbox.send([kafka.Record(bench.topic, b"0100109106", None, headers)])
    bench.produced |= {(partition, offset), (null, tombstone)}
    bench.produce(300)
    name = f"{bench.topic}:{partition}:{offset}:0"
    with bench.worker() as worker:
        worker.until(len(bench.produced) - 1)
        assert worker.end(signal.SIGTERM) == 0
        assert (partition, offset) not in worker.given()
        assert "secret" not in worker.errors
    assert {(r.partition, o) for r in bench.stored() for o in range(r.first, r.last + 1)} == bench.produced

    (letter,) = deadletters.list_letters(bench.settings, deadletters.Selector([name]))
    assert (letter.reason, letter.status, letter.size) == ("engine-error", "dead", 16)
    assert letter.detail.startswith("Poisoned at toy_worker.py:")
    _, original = deadletters.show(bench.settings, name)
    assert original == letters.Original(b"0100109106", headers, b"poison <secret/>")

    kept = kafka.Offsets(bench.settings).windows(wire.DEAD_LETTERS)[wire.partition_of(b"0100109106", 12)]
    last = list(
        kafka.read(bench.settings, wire.DEAD_LETTERS, wire.partition_of(b"0100109106", 12), kept.low, kept.end - 1)
    )
    (copy,) = [message for message in last if dict(message.headers)[letters.ORIGIN] == name.encode()]
    assert copy.value == b"poison <secret/>" and copy.key == b"0100109106"
    assert dict(copy.headers)[letters.REASON] == b"engine-error"
    assert receipt in copy.headers

    end = kafka.Offsets(bench.settings).windows(bench.topic)[partition].end
    assert deadletters.replay(bench.settings, deadletters.Selector([name])) == 1
    assert deadletters.replay(bench.settings, deadletters.Selector([name])) == 0
    (again,) = _read(bench, partition, end, end)
    assert (again.key, again.value, again.headers) == (b"0100109106", b"poison <secret/>", headers)
    (letter,) = deadletters.list_letters(bench.settings, deadletters.Selector([name], status=""))
    assert letter.status == "replayed"
    with pytest.raises(UsageError):
        deadletters.show(bench.settings, "no:0:0:0")


def test_a_fault_in_most_messages_ends_the_worker_and_leaves_the_topic(bench: Bench) -> None:
    bench.produce(400, b"poison")
    bench.settings = bench.settings.model_copy(update={"batch_messages": 1_000, "batch_wait": 2.0})
    with bench.worker() as worker:
        assert worker.wait(40) == 1
        assert '"error": "TooManyDead"' in worker.errors
    assert bench.stored() == []


def test_huge_messages_pass_in_bounded_memory(bench: Bench) -> None:
    """30 messages of 21 MiB, 630 MiB in all, which compress to almost nothing and so come in one fetch."""
    bench.produce(500)
    with bench.worker(pause=0.01) as worker:
        worker.until(500)
        small = int(worker.log.with_suffix(".rss").read_text())
        bench.produce(30, b"x" * (21 * 1024 * 1024))
        worker.until(530)
        assert worker.end(signal.SIGTERM) == 0
        grown = int(worker.log.with_suffix(".rss").read_text()) - small
    assert grown < 420 * 1024, f"{grown} KiB more"


def test_a_lost_store_ends_the_worker_after_its_patience(
    broker: BrokerProcess, settings_factory: Callable[..., Settings], tmp_path: Path
) -> None:
    from storage.migrate import migrate

    with StoreProcess(tmp_path / "store") as store:
        migrate(store.settings)
        bench = Bench(
            settings_factory(broker, store, metrics_port=free_ports(4), patience=2.0, batch_messages=50), tmp_path
        )
        bench.produce(200)
        with bench.worker() as worker:
            worker.until(200)
            store.kill()
            bench.produce(50)
            assert worker.wait(20) == 1
            assert '"error": "StoreUnavailable"' in worker.errors
        store.start()
        with bench.worker() as again:
            until = time.monotonic() + 20
            while sum(map(len, set(bench.stored()))) < 250 and time.monotonic() < until:
                time.sleep(0.1)
            assert again.end(signal.SIGTERM) == 0
        bench.check_nothing_lost(again)


def test_the_audit_sends_missing_messages_again_and_then_mends_the_hole(bench: Bench) -> None:
    headers = [(wire.FORMAT, wire.XML), (wire.RECEIPT, b"{}")]
    outbox = kafka.Outbox(bench.settings)
    outbox.send(kafka.Record(bench.topic, b"%d" % n, b"body %d" % n, headers, 3) for n in range(100))
    _write(bench, Range(3, 0, 39), Range(3, 60, 99))
    with connect(bench.settings) as client:
        assert progress.holes(client, bench.topic) == [Range(3, 40, 59)]
        with Jobs(bench.settings, bench.topic):
            _until(lambda: kafka.Offsets(bench.settings).windows(bench.topic)[3].end == 120)
            copies = _read(bench, 3, 100, 119)
            assert [(c.key, c.value, c.headers) for c in copies] == [
                (b"%d" % n, b"body %d" % n, headers) for n in range(40, 60)
            ]
            before = progress.watermark(client, bench.topic)
            assert before is not None and before.complete_up_to_us < copies[0].timestamp_ms * 1_000
            assert progress.holes(client, bench.topic) == [Range(3, 40, 59)], "mended before the copies are stored"
            _write(bench, Range(3, 100, 119))
            _until(lambda: progress.holes(client, bench.topic) == [])
            sql = (
                "SELECT partition, first_offset, last_offset FROM progress WHERE topic = {t:String} AND kind = 'mended'"
            )
            rows = client.query(sql, parameters={"t": bench.topic}).result_rows
            assert [tuple(row) for row in rows] == [(3, 40, 59)]
            end = now_us()
            _until(
                lambda: (mark := progress.watermark(client, bench.topic)) and mark.complete_up_to_us > end - 1_000_000
            )
            time.sleep(1)
            assert kafka.Offsets(bench.settings).windows(bench.topic)[3].end == 120, "sent more than once"


def test_the_watermark_advances_and_never_passes_an_undecided_message(bench: Bench) -> None:
    margin = int(bench.settings.produce_timeout * 1e6)
    outbox = kafka.Outbox(bench.settings)
    offsets = kafka.Offsets(bench.settings)
    with connect(bench.settings) as client:

        def tick(watermark: Watermark, coverage: Coverage) -> int:
            asked = now_us()
            windows = offsets.windows(bench.topic)
            coverage.refresh({partition: window.low for partition, window in windows.items()})
            watermark.tick(asked, windows, coverage.frontier)
            stored = progress.watermark(client, bench.topic)
            assert stored is not None and stored.complete_up_to_us == watermark.complete_up_to_us
            return watermark.complete_up_to_us

        watermark, coverage = Watermark(bench.settings, client, bench.topic), Coverage(client, bench.topic)
        started = now_us()
        assert tick(watermark, coverage) >= started - margin, "an empty topic is complete"

        outbox.send(kafka.Record(bench.topic, b"k", b"v", (), partition) for partition in range(12) for _ in range(3))
        first_pending = _read(bench, 5, 0, 0)[0].timestamp_ms * 1_000
        _write(bench, *(Range(partition, 0, 2) for partition in range(12) if partition != 5))
        time.sleep(0.3)
        assert tick(watermark, coverage) <= first_pending - margin

        fresh, recovered = Watermark(bench.settings, client, bench.topic), Coverage(client, bench.topic)
        assert tick(fresh, recovered) <= first_pending - margin, "after a restart, by the broker's timestamp"

        _write(bench, Range(5, 1, 2))
        assert tick(watermark, coverage) <= first_pending - margin, "the first of them is still missing"
        assert coverage.holes() == [Range(5, 0, 0)]
        _write(bench, Range(5, 0, 0))
        done = now_us()
        assert tick(watermark, coverage) >= done - margin


def test_a_worker_s_name_is_held_once(bench: Bench) -> None:
    with slot(bench.settings), pytest.raises(UsageError), slot(bench.settings):
        pass


def test_an_offset_that_is_gone_is_unavailable(bench: Bench) -> None:
    bench.produce(5)
    with pytest.raises(Unavailable):
        _read(bench, 0, 1_000, 1_000)


def _until(condition: Callable[[], object], seconds: float = 20.0) -> None:
    until = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > until:
            raise TimeoutError("the condition did not come true")
        time.sleep(0.1)
