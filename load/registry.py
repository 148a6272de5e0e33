"""Registries for tests and benchmarks: of the simulated merchants, and of as many made-up taxpayers as wanted."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from itertools import chain
from pathlib import Path
from typing import Any, BinaryIO, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv as arrow_csv
from pyarrow import parquet

from identity.registry_file import COLUMNS
from load.merchants import BANKS, Merchant
from load.names import BIRTH_PROVINCES, BRANDS, FAMILIES, GIVEN, PROVINCES
from load.sectors import SECTORS

Ints = npt.NDArray[np.int64]

MOST: Final = 10_000_000
_BLOCK: Final = 100_000
_SCHEMA: Final = pa.schema([(name, pa.string()) for name in COLUMNS])
_KINDS: Final = ("enterprise", "branch", "household", "individual")
_SHARES: Final = (0.16, 0.04, 0.72, 0.08)
_STATUSES: Final = ("active", "suspended", "closed")
_STATUS_SHARES: Final = (0.93, 0.03, 0.04)
_FORMER: Final = 0.8
"""Share of households that had a code of ten digits before 2025-07-01; half of them still stand under it."""
_WEIGHTS: Final = np.array([31, 29, 23, 19, 17, 13, 7, 5, 3])
_SYMBOLS: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_LATER: Final = ("Thành Công", "Phát Đạt", "Hồng Phúc", "Tân Tiến", "Đại Lợi", "Minh Châu", "An Khang", "Phú Quý")


def row(merchant: Merchant) -> tuple[str, ...]:
    """One taxpayer, in the order of COLUMNS."""
    return (
        merchant.mst,
        merchant.mst if merchant.household else "",
        merchant.name,
        "household" if merchant.household else "enterprise",
        "active",
        merchant.registered.isoformat(),
        merchant.sector.code,
        merchant.province,
        merchant.mtt_code,
        merchant.registered.isoformat(),
        merchant.legacy_mst,
        ";".join(merchant.accounts),
    )


def lines(merchants: Iterable[Merchant]) -> Iterator[tuple[str, ...]]:
    yield COLUMNS
    yield from map(row, merchants)


def write(path: Path, merchants: Iterable[Merchant], taxpayers: int = 0, seed: int = 0) -> int:
    """Write the merchants and `taxpayers` others, as Parquet if the name ends so, else as CSV; how many all are."""
    known = list(merchants)
    first = pa.record_batch([list(column) for column in zip(*map(row, known), strict=True)], _SCHEMA)
    rows = 0
    with path.open("wb") as file, _writer(path, file) as writer:
        for block in chain([first], synthetic(taxpayers, seed)):
            writer.write_batch(block)
            rows += block.num_rows
    return rows


def _writer(path: Path, file: BinaryIO) -> Any:
    if path.suffix == ".parquet":
        return parquet.ParquetWriter(file, _SCHEMA)
    file.write((",".join(COLUMNS) + "\n").encode())
    options = arrow_csv.WriteOptions(include_header=False, quoting_style="needed")
    return arrow_csv.CSVWriter(file, _SCHEMA, write_options=options)


def synthetic(count: int, seed: int = 0) -> Iterator[pa.RecordBatch]:
    """`count` taxpayers of nobody in blocks, columns of COLUMNS; the same for the same seed.

    Tax codes have the prefix 98, which no tax office has; personal IDs are plausible in form and made up.
    """
    if count > MOST:
        raise ValueError(f"at most {MOST} taxpayers can be made")
    for first in range(0, count, _BLOCK):
        yield _block(np.arange(first, min(first + _BLOCK, count)), np.random.default_rng((seed, first)))


def _block(numbers: Ints, random: np.random.Generator) -> pa.RecordBatch:
    count = len(numbers)
    kind = random.choice(len(_KINDS), count, p=_SHARES)
    sector = random.choice(len(SECTORS), count, p=_share([one.weight for one in SECTORS]))
    province = random.integers(len(PROVINCES), size=count)
    personal = kind >= 2
    ten, person = _tens(numbers), _persons(numbers, random)
    former = personal & (kind == 2) & (random.random(count) < _FORMER)
    unmoved = former & (random.random(count) < 0.5)
    branch = pc.binary_join_element_wise(ten, _padded(random.integers(1, 40, count), 3), "")
    mst = pc.if_else(pa.array(personal & ~unmoved), person, pc.if_else(pa.array(kind == 1), branch, ten))
    registered = _days(random.integers(_day(2022, 10, 1), _day(2026, 6, 1), count))
    status = random.choice(len(_STATUSES), count, p=_STATUS_SHARES)
    since = _days(random.integers(_day(2024, 1, 1), _day(2026, 11, 1), count))
    bank, account = _of(BANKS, random.integers(len(BANKS), size=count)), _padded(8 * 10**9 + numbers, 10)
    return pa.record_batch(
        {
            "mst": mst,
            "personal_id": pc.if_else(pa.array(personal), person, ""),
            "name": _names(kind, sector, province, random),
            "kind": _of(("enterprise", "enterprise", "household", "individual"), kind),
            "status": _of(_STATUSES, status),
            "status_since": pc.if_else(pa.array(status == 0), registered, since),
            "sector": _of([one.code for one in SECTORS], sector),
            "province": _of(PROVINCES, province),
            "mtt_code": _five(numbers),
            "registered_from": registered,
            "legacy_mst": pc.if_else(pa.array(former & ~unmoved), ten, ""),
            "accounts": pc.binary_join_element_wise(bank, account, ":"),
        },
        _SCHEMA,
    )


def _names(kind: Ints, sector: Ints, province: Ints, random: np.random.Generator) -> pa.StringArray:
    """`Công ty TNHH Quán ăn Sao Mai Phát Đạt`, `Hộ kinh doanh … - Trần Thị Hoa`, `Chi nhánh Huế - …`."""
    count = len(kind)

    def some(words: Iterable[str]) -> pa.StringArray:
        known = tuple(words)
        return _of(known, random.integers(len(known), size=count))

    titles = [one.titles[0] for one in SECTORS]
    place = pc.binary_join_element_wise(_of(titles, sector), some(BRANDS), some(_LATER), " ")
    owner = pc.binary_join_element_wise(some(FAMILIES), some(GIVEN), " ")
    company = pc.binary_join_element_wise(some(("Công ty TNHH", "Công ty Cổ phần", "Công ty TNHH MTV")), place, " ")
    branch = pc.binary_join_element_wise("Chi nhánh", _of(PROVINCES, province), "-", company, " ")
    household = pc.binary_join_element_wise("Hộ kinh doanh", place, "-", owner, " ")
    return pc.choose(pa.array(kind), company, branch, household, owner)


def _tens(numbers: Ints) -> pa.StringArray:
    """Another code of ten digits with its check digit for each number."""
    nine = 980_000_000 + numbers
    digits = nine[:, None] // 10 ** np.arange(8, -1, -1) % 10
    check = 10 - (digits @ _WEIGHTS) % 11
    return pa.array(nine * 10 + np.where(check == 10, 0, check)).cast(pa.string())


def _persons(numbers: Ints, random: np.random.Generator) -> pa.StringArray:
    """Personal IDs of people born in 1950…1999, another for each number: province, sex, year, six digits (not 0)."""
    place = np.array([int(code) for code in BIRTH_PROVINCES])[numbers % len(BIRTH_PROVINCES)]
    rest = numbers // len(BIRTH_PROVINCES)
    sex = random.integers(2, size=len(numbers))
    return _padded(((place * 10 + sex) * 100 + 50 + rest % 50) * 1_000_000 + 1 + rest // 50, 12)


def _five(numbers: Ints) -> pa.StringArray:
    """Five characters, another for each number (the multiplier is prime to 36⁵)."""
    rest = (numbers * 7_654_321 + 7_777) % 36**5
    digits = rest[:, None] // 36 ** np.arange(4, -1, -1) % 36
    symbols = np.frombuffer(_SYMBOLS.encode(), np.uint8)[digits]
    return pa.array(symbols.astype(np.uint8).reshape(-1, 5).view("S5").ravel().astype("U5"))


def _of(words: Iterable[str], at: Ints) -> pa.StringArray:
    return pa.array(list(words)).take(pa.array(at))


def _padded(numbers: Ints, width: int) -> pa.StringArray:
    return pc.utf8_lpad(pa.array(numbers).cast(pa.string()), width, "0")


def _share(weights: Iterable[float]) -> npt.NDArray[np.float64]:
    values: npt.NDArray[np.float64] = np.array(list(weights), float)
    shares: npt.NDArray[np.float64] = values / values.sum()
    return shares


def _day(year: int, month: int, day: int) -> int:
    return date(year, month, day).toordinal() - date(1970, 1, 1).toordinal()


def _days(numbers: Ints) -> pa.StringArray:
    return pa.array(numbers.astype(np.int32), pa.date32()).cast(pa.string())
