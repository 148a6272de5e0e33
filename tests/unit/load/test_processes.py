"""What processes cost, from samples of them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from hoadon.instance import Files
from load.processes import SENDER, Processes, Sample, costs

MIB = 2**20


def sample(at: float, cpu: float, size: float, *, system: float = 0.0) -> Sample:
    return Sample(at, {"worker-1": cpu}, {"worker-1": system}, {"worker-1": round(size * MIB)})


def test_costs_are_of_the_measured_window() -> None:
    (cost,) = costs([sample(10, 5.0, 100, system=1.0), sample(12, 6.0, 150), sample(14, 7.0, 120, system=1.5)], 1_000)
    assert (cost.name, cost.cpu_us, cost.cores) == ("worker-1", 2_000, 0.5)
    assert (cost.rss_start, cost.rss_end, cost.rss_max) == (100, 120, 150)
    assert costs([sample(10, 5.0, 100)], 1_000) == []
    assert costs([sample(10, 5.0, 100), sample(11, 5.0, 100)], 0) == []


def test_the_systems_part_and_a_process_that_was_started_anew() -> None:
    (cost,) = costs(
        [sample(0, 4.0, 1, system=2.0), sample(1, 5.0, 1, system=2.5), sample(2, 0.5, 1, system=0.25)], 1_000
    )
    assert (cost.cpu_us, cost.system_us) == (1_500, 750)


@pytest.mark.parametrize("per_second", [0.0, 0.25])
def test_growth_is_that_of_the_second_half(per_second: float) -> None:
    flat = [sample(at, at, 50 + at) for at in range(50)]
    grown = [sample(at, at, 100 + (at - 50) * per_second) for at in range(50, 100)]
    (cost,) = costs([*flat, *grown], 1)
    assert cost.growth == pytest.approx(per_second * 3_600, abs=1)


def test_processes_are_known_by_the_instances_files(tmp_path: Path) -> None:
    files = Files(tmp_path)
    files.create()
    files.pid("gateway").write_text(f"{os.getpid()}\n")
    files.pid("gone").write_text("1999999999\n")
    files.write({"pid": os.getpid()})
    with Processes(tmp_path) as processes:
        taken = processes.take()
    assert taken.cpu.keys() == taken.rss.keys() == {SENDER, "gateway", "supervisor"}
    assert 0 < taken.system["gateway"] < taken.cpu["gateway"]
    assert taken.rss["gateway"] > MIB
