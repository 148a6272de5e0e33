"""Rows of a registry made into statements for the store: pure, and fit to run in processes beside."""

from __future__ import annotations

import hashlib
import multiprocessing
import os
from collections.abc import Sequence
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date
from types import TracebackType
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from identity.masking import mask_personal_ids
from identity.names import name_keys
from identity.pseudonyms import Pseudonyms
from identity.registry import Ints
from identity.registry_file import COLUMNS, dates, problems
from storage import schema

ALWAYS: Final = date(1970, 1, 1)
"""As `holds_from`, `status_since`: since ever."""

_BETWEEN: Final = "\x1f"
_ROTATED: Final = 0x9E3779B97F4A7C1
_SMALL: Final = 16 * 1024 * 1024
"""Bytes of a file below which processes beside cost more than they bring."""


@dataclass(frozen=True, slots=True)
class Ready:
    """`problems`: place and reason of bad rows; then there are no statements. `digests` of all rows."""

    problems: Sequence[tuple[int, str]]
    statements: pa.Table
    digests: Ints


def ready(
    pseudonyms: Pseudonyms,
    rows: pa.RecordBatch,
    holds_from: pa.Date32Array,
    told: pa.Date32Array,
    known: Ints,
    version: int,
) -> Ready:
    """Statements of `rows` (registry_file.normalised), without those that say what was said last.

    They hold from `holds_from`, where that is null from the day on which they were `told`; the first statement on a
    taxpayer then always. `known`: the digest of the last statement on each, 0 where there is none.
    """
    empty = schema.TAXPAYER_STATEMENTS.empty_table()
    if found := list(problems(rows)):
        return Ready(found, empty, np.zeros(0, np.int64))
    digests = _digests(rows, holds_from, pseudonyms.secret)
    # With a new key of pseudonyms every person is stated again, under the new one.
    digests = digests + np.where(pc.not_equal(_persons(rows), ""), (pseudonyms.newest - 1) * _ROTATED, 0)
    changed = pa.array(np.flatnonzero(digests != known))
    if not len(changed):
        return Ready((), empty, digests)
    since = pc.coalesce(holds_from, pc.if_else(pa.array(known == 0), pa.scalar(ALWAYS, pa.date32()), told))
    table = _table(pseudonyms, rows.take(changed), since.take(changed), digests[np.asarray(changed)], version)
    return Ready((), table, digests)


class Beside:
    """Runs `ready` in as many processes as there are cores; for a `size` in bytes that is small in this one."""

    def __init__(self, pseudonyms: Pseudonyms, size: int) -> None:
        self._pseudonyms = pseudonyms
        self.at_once = os.cpu_count() or 1
        self._pool: Executor
        if size < _SMALL:
            self._pool = ThreadPoolExecutor(1)
        else:
            self._pool = ProcessPoolExecutor(self.at_once, multiprocessing.get_context("spawn"))

    def submit(
        self, rows: pa.RecordBatch, holds_from: pa.Date32Array, told: pa.Date32Array, known: Ints, version: int
    ) -> Future[Ready]:
        return self._pool.submit(ready, self._pseudonyms, rows, holds_from, told, known, version)

    def __enter__(self) -> Beside:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._pool.shutdown(cancel_futures=True)


def _table(
    pseudonyms: Pseudonyms, rows: pa.RecordBatch, since: pa.Date32Array, digests: Ints, version: int
) -> pa.Table:
    persons = _persons(rows)
    private = pc.equal(rows["kind"], "individual")
    accounts = pc.utf8_rtrim(rows["accounts"], ";")
    none = pa.scalar([], pa.list_(pa.string()))
    split = pc.if_else(pc.equal(accounts, ""), none, pc.split_pattern(accounts, ";"))
    return schema.table(
        "taxpayer_statements",
        {
            "mst": rows["mst"],
            "version": pa.repeat(pa.scalar(version, pa.uint64()), rows.num_rows),
            "holds_from": since,
            "kind": rows["kind"],
            "name": pc.if_else(private, "", rows["name"]),
            "name_key": name_keys(rows["name"], pseudonyms.secret),
            "personal_id_pseudonym": pseudonyms.of_all(persons),
            "personal_id_masked": mask_personal_ids(persons),
            "status": rows["status"],
            "status_since": _days(rows["status_since"]),
            "sector": rows["sector"],
            "province": rows["province"],
            "mtt_code": rows["mtt_code"],
            "registered_from": _days(rows["registered_from"]),
            "legacy_mst": rows["legacy_mst"],
            "accounts": split.cast(schema.TAXPAYERS.field("accounts").type),
            "digest": digests.view(np.uint64),
        },
    )


def _digests(rows: pa.RecordBatch, holds_from: pa.Date32Array, secret: bytes) -> Ints:
    """A digest of all that each row says; never 0."""
    days = pc.fill_null(holds_from.cast(pa.string()), "")
    facts = pc.binary_join_element_wise(*(rows[name] for name in COLUMNS), days, _BETWEEN).to_pylist()
    digests = [hashlib.blake2b(text.encode(), digest_size=8, key=secret).digest() for text in facts]
    found = np.frombuffer(b"".join(digests), np.int64)
    return np.where(found == 0, np.int64(1), found)


def _persons(rows: pa.RecordBatch) -> pa.StringArray:
    """The personal ID of each taxpayer, '' of enterprises: a tax code of 12 digits is one."""
    is_person = pc.equal(pc.utf8_length(rows["mst"]), 12)
    stated = pc.not_equal(rows["personal_id"], "")
    return pc.if_else(stated, rows["personal_id"], pc.if_else(is_person, rows["mst"], ""))


def _days(texts: pa.StringArray) -> pa.Date32Array:
    """Days; '' is 1970-01-01."""
    return pc.fill_null(dates(texts), ALWAYS)
