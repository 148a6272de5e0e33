from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from hoadon.common.errors import UsageError
from hoadon.process import check_port, ended, lock_file, start_child
from hoadon.supervise import Backoff
from tests.support.ports import free_ports


def test_a_taken_port_is_told() -> None:
    port = free_ports()
    with socket.create_server(("127.0.0.1", port)), pytest.raises(UsageError, match=f"gateway: port {port} is taken"):
        check_port("127.0.0.1", port, "gateway")
    check_port("127.0.0.1", port, "gateway")


@pytest.mark.parametrize("port", [-1, 65_536, 108_080])
def test_what_is_no_port_is_told(port: int) -> None:
    with pytest.raises(UsageError, match="is not a port"):
        check_port("127.0.0.1", port, "gateway")


def test_an_address_of_another_machine_is_told() -> None:
    with pytest.raises(UsageError, match=r"cannot listen on 192\.0\.2\.1"):
        check_port("192.0.2.1", free_ports(), "gateway")


def test_a_lock_is_held_until_it_is_closed(tmp_path: Path) -> None:
    held = lock_file(tmp_path / "lock")
    assert held is not None
    assert lock_file(tmp_path / "lock") is None
    os.close(held)
    again = lock_file(tmp_path / "lock")
    assert again is not None
    os.close(again)


def test_delays_double_up_to_a_bound_and_are_forgotten_after_a_stable_run() -> None:
    backoff = Backoff()
    assert [backoff.delay(1.0) for _ in range(9)] == [0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 12.8, 25.6, 30.0]
    assert backoff.delay(31.0) == 0.2


def test_what_a_child_started_ends_with_it(tmp_path: Path) -> None:
    (tmp_path / "mother.py").write_text(
        "import subprocess, sys, time\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])\n"
        "print(child.pid, flush=True)\n"
        "time.sleep(60)\n"
    )
    log = tmp_path / "log"
    child = start_child("mother", (), {"PYTHONPATH": str(tmp_path)}, log)
    grandchild = int(_wait_for(log))
    assert ended(child) is None
    os.kill(child.pid, signal.SIGKILL)
    until = time.monotonic() + 5
    while (code := ended(child)) is None and time.monotonic() < until:
        time.sleep(0.01)
    assert code == -signal.SIGKILL
    assert _gone(grandchild)


@pytest.mark.parametrize("niceness", [0, 3])
def test_a_child_and_its_threads_are_nicer_than_its_parent(tmp_path: Path, niceness: int) -> None:
    (tmp_path / "child.py").write_text(
        "import os, threading\n"
        "def tell():\n"
        "    print(os.getpriority(os.PRIO_PROCESS, threading.get_native_id()), flush=True)\n"
        "thread = threading.Thread(target=tell)\n"
        "thread.start()\n"
        "thread.join()\n"
    )
    log = tmp_path / "log"
    start_child("child", (), {"PYTHONPATH": str(tmp_path)}, log, niceness=niceness).wait()
    assert int(_wait_for(log)) == min(os.getpriority(os.PRIO_PROCESS, 0) + niceness, 19)


def test_a_child_dies_with_its_supervisor(tmp_path: Path) -> None:
    (tmp_path / "child.py").write_text(
        "import os, time\n"
        "from hoadon.process import stay_with_parent\n"
        "stay_with_parent()\n"
        "print(os.getpid(), flush=True)\n"
        "time.sleep(60)\n"
    )
    log = tmp_path / "log"
    supervisor = (
        "import sys, time\n"
        "from pathlib import Path\n"
        "from hoadon.process import start_child\n"
        f"start_child('child', (), {{'PYTHONPATH': {str(tmp_path)!r}}}, Path({str(log)!r}))\n"
        "time.sleep(60)\n"
    )
    process = subprocess.Popen([sys.executable, "-c", supervisor])
    child = int(_wait_for(log))
    process.kill()
    process.wait()
    assert _gone(child)


def _wait_for(log: Path) -> str:
    until = time.monotonic() + 20
    while time.monotonic() < until:
        if log.exists() and (text := log.read_text()).endswith("\n"):
            return text
        time.sleep(0.02)
    raise AssertionError("the child said nothing")


def _gone(pid: int) -> bool:
    until = time.monotonic() + 5
    while time.monotonic() < until:
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
        except FileNotFoundError:
            return True
        if state == "Z":
            return True
        time.sleep(0.02)
    return False
