"""Which libraries use the processor, from what `perf` prints."""

from __future__ import annotations

import pytest

from load.libraries import cores, library, samples, table

PLACE = "/x/.venv/lib/python3.11/site-packages"
LINES = [
    *["18472      7f093852e9b6 (" + PLACE + "/numpy/_core/_multiarray_umath.cpython-311-x86_64-linux-gnu.so)"] * 99,
    *["18472      7f0941b8b9f6 (/usr/lib/x86_64-linux-gnu/libc.so.6)"] * 98,
    "18472      7f0941b8b9f6 (/usr/lib/libz.so.1)",
    *["   77  ffffffff816a4f71 ([kernel.kallsyms])"] * 33,
    *["    0  ffffffff816a4f71 ([kernel.kallsyms])"] * 50,
    "",
]


@pytest.mark.parametrize(
    ("place", "name"),
    [
        (PLACE + "/pyarrow/libarrow.so.2600", "Arrow"),
        (PLACE + "/confluent_kafka.libs/librdkafka-0cb94173.so.1", "confluent_kafka"),
        (PLACE + "/_cffi_backend.cpython-311-x86_64-linux-gnu.so", "_cffi_backend"),
        (PLACE + "/chdb/_chdb.abi3.so", "ClickHouse"),
        ("/usr/lib/libpython3.11.so.1.0", "Python"),
        ("/tmp/libzstd-jni-1.so (deleted)", "libzstd-jni-1"),
        ("[kernel.kallsyms]", "kernel"),
        ("[JIT] tid 18374", "JVM"),
        ("/tmp/perf-18374.map", "JVM"),
        ("[vdso]", "vdso"),
    ],
)
def test_a_library_is_known_by_its_package(place: str, name: str) -> None:
    assert library(place) == name


def test_cores_by_process_and_library_without_idle_ones() -> None:
    found = cores(samples(LINES), {18472: "worker-1"}, 2.0)
    assert list(found) == ["worker-1", "others"]
    assert found["worker-1"] == pytest.approx({"numpy": 0.5, "libc": 98 / 198, "others": 1 / 198})
    assert found["others"] == pytest.approx({"kernel": 33 / 198})


def test_a_rate_makes_microseconds_of_cores() -> None:
    found = {"worker-1": {"numpy": 0.5, "libc": 0.25}}
    assert list(table(found, None))[-1] == "| worker-1 | 0.750 | numpy 0.500, libc 0.250 |"
    assert list(table(found, 10_000))[-1] == "| worker-1 | 75.0 | numpy 50.0, libc 25.0 |"
