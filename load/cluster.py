"""A Kafka cluster of three on loopback, for development and for a drill: `hoadon load cluster`.

Each node is broker and controller (KRaft), with replication 3 and min.insync.replicas 2 for every topic, so that any
one may die at any moment. hoadon runs on it by HOADON_KAFKA_BOOTSTRAP alone.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from hoadon import broker
from hoadon.common.errors import UsageError
from hoadon.common.settings import Settings
from hoadon.instance import last_line
from hoadon.process import die_with_parent

NODES: Final = 3
_START_SECONDS: Final = 90.0
_STOP_SECONDS: Final = 10.0
_AROUND: Final = 13.0


class Node:
    """One of the three. `kill` is SIGKILL; `start` goes on with what is on its disk."""

    def __init__(self, number: int, data: Path, base_port: int) -> None:
        self.number = number
        self._directory = data / f"node-{number}"
        self._port = base_port + 2 * number
        self._base = base_port
        self._child: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self._port}"

    @property
    def log(self) -> Path:
        return self._directory / "node.log"

    def format(self, cluster: str) -> None:
        self._directory.mkdir(parents=True)
        self._config.write_text("".join(f"{name}={value}\n" for name, value in self._properties().items()))
        tool = ["kafka.tools.StorageTool", "format", "-t", cluster, "-c", str(self._config)]
        done = subprocess.run([*self._java(), *tool], capture_output=True, text=True, check=False)
        if done.returncode:
            raise UsageError(f"cannot format node {self.number}: {done.stderr.strip()[-300:]}")

    def start(self) -> None:
        me = os.getpid()
        with self.log.open("ab") as log:
            self._child = subprocess.Popen(
                [*self._java(), "kafka.Kafka", str(self._config)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                preexec_fn=lambda: die_with_parent(me),
            )

    def answers(self) -> bool:
        if self._child is None or self._child.poll() is not None:
            raise UsageError(f"node {self.number} ended: {last_line(self.log)}")
        return broker.answers("127.0.0.1", self._port)

    def kill(self) -> None:
        if self._child is not None:
            self._child.kill()
            self._child.wait()

    def stop(self) -> None:
        if self._child is not None and self._child.poll() is None:
            self._child.send_signal(signal.SIGTERM)
            try:
                self._child.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self.kill()

    @property
    def _config(self) -> Path:
        return self._directory / "server.properties"

    def _java(self) -> list[str]:
        return broker.java_command(self._directory)

    def _properties(self) -> Mapping[str, str]:
        settings = Settings(broker_port=self._port)
        voters = ",".join(f"{number}@127.0.0.1:{self._base + 2 * number + 1}" for number in range(1, NODES + 1))
        replicated = {
            name: str(NODES)
            for name in (
                "default.replication.factor",
                "offsets.topic.replication.factor",
                "transaction.state.log.replication.factor",
                "share.coordinator.state.topic.replication.factor",
            )
        }
        return {
            **broker.properties(settings, self._directory),
            **replicated,
            "node.id": str(self.number),
            "controller.quorum.voters": voters,
            "min.insync.replicas": "2",
            "transaction.state.log.min.isr": "2",
            "share.coordinator.state.topic.min.isr": "2",
        }


class Cluster:
    """Three running nodes; `bootstrap` names them all."""

    def __init__(self, nodes: list[Node]) -> None:
        self.nodes = nodes
        self.bootstrap = ",".join(node.address for node in nodes)

    def await_all(self, seconds: float = _START_SECONDS) -> None:
        """Raises UsageError if a node ends or does not answer in time."""
        until = time.monotonic() + seconds
        for node in self.nodes:
            while not node.answers():
                if time.monotonic() > until:
                    raise UsageError(f"node {node.number} does not answer: {last_line(node.log)}")
                time.sleep(0.1)


@contextmanager
def running_cluster(data: Path, base_port: int) -> Iterator[Cluster]:
    """A fresh cluster below `data`; it ends with the context. Raises UsageError."""
    nodes = [Node(number, data, base_port) for number in range(1, NODES + 1)]
    cluster = broker.cluster_id()
    for node in nodes:
        node.format(cluster)
    try:
        for node in nodes:
            node.start()
        found = Cluster(nodes)
        found.await_all()
        yield found
    finally:
        for node in nodes:
            node.stop()


class Killer:
    """Kills a node at random moments, one at a time, and starts it again, until `kills` are done or all ends.

    Then, if `majority`, two at once for so many seconds. `ended` when all nodes are back after that, or one did not
    come back (`error`).
    """

    def __init__(
        self, cluster: Cluster, kills: int, seed: int, *, majority: float = 0.0, pause: tuple[float, float] = (2.0, 6.0)
    ) -> None:
        self._cluster, self._kills, self._pause, self._majority = cluster, kills, pause, majority
        self._random = random.Random(seed)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="killer", daemon=True)
        self.done: list[int] = []
        self.ended = threading.Event()
        self.error: BaseException | None = None

    def __enter__(self) -> Killer:
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()

    @property
    def seconds(self) -> float:
        """About how long all kills take, a node's start included."""
        two = self._majority + _AROUND + self._pause[1] if self._majority else 0.0
        return self._kills * (sum(self._pause) / 2 + _AROUND) + two

    def start(self) -> None:
        self._thread.start()

    def _run(self) -> None:
        try:
            while len(self.done) < self._kills and not self._stop.wait(self._random.uniform(*self._pause)):
                node = self._random.choice(self._cluster.nodes)
                node.kill()
                self.done.append(node.number)
                self._stop.wait(self._random.uniform(0.5, 3.0))
                node.start()
                self._cluster.await_all()
            if self._majority and not self._stop.is_set():
                self._lose_two()
        except UsageError as error:
            self.error = error
        finally:
            self.ended.set()
        self._stop.wait()  # the kernel ends a node with the thread that started it

    def _lose_two(self) -> None:
        two = self._random.sample(self._cluster.nodes, 2)
        for node in two:
            node.kill()
        self._stop.wait(self._majority)
        for node in two:
            node.start()
        self._cluster.await_all()
