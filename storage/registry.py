"""The registry in the store: statements on taxpayers, in versions. Blocking; infrastructure errors: StoreUnavailable.

A version is a set of statements; it counts once its row in `registry_versions` is written, which comes last. What the
registry said of a taxpayer last is not stated again. `taxpayers` holds the last statement on each, for readers.
Personal IDs are stored as pseudonym and masked form only, and never named in an error.
"""

from __future__ import annotations

import os
from collections import Counter, deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import Any, BinaryIO, Final

import numpy as np
import pyarrow as pa
from clickhouse_connect.driver.client import Client

from hoadon.common.clock import now_us, vietnam_day
from hoadon.common.errors import UsageError
from identity.pseudonyms import Pseudonyms
from identity.registry import Ints, code_keys
from identity.registry_file import BadRows, Check, NoRegistry, blocks, no_provinces
from storage import schema
from storage.chunks import chunks
from storage.errors import explaining
from storage.sink import Sink
from storage.stating import Beside, Ready

_DIGESTS: Final = """
SELECT toInt64(concat('1', mst)) AS code, version, digest
FROM taxpayer_statements
WHERE version IN (SELECT version FROM registry_versions) {chosen}
"""
_CURRENT: Final = f"""
INSERT INTO taxpayers ({", ".join(schema.TAXPAYERS.names)})
SELECT {", ".join(schema.TAXPAYERS.names)} FROM taxpayer_statements WHERE version = {{version:UInt64}}
"""  # noqa: S608
_DROP: Final = "DELETE FROM taxpayer_statements WHERE version = {version:UInt64}"
_COMMIT: Final = """
INSERT INTO registry_versions SELECT {version:UInt64}, {source:String}, {statements:UInt64}, now64(6, 'UTC')
"""


def import_file(
    client: Client,
    path: Path,
    pseudonyms: Pseudonyms,
    progress: Callable[[int, int], None] = lambda done, size: None,
    unplaced: Counter[str] | None = None,
) -> int:
    """Import a CSV or Parquet file; the number of taxpayers in it. `progress(bytes read, all)` after each block.

    `unplaced` gets what stands as province and is none, with the number of taxpayers.

    Nothing counts before the last row was checked and stored. Raises UsageError, in one line with the first bad rows
    (the header of a CSV is row 1), and StoreUnavailable.
    """
    version = Version(client)
    try:
        with path.open("rb") as file:
            rows = _import(client, file, pseudonyms, version, progress, Counter() if unplaced is None else unplaced)
    except OSError as error:
        raise UsageError(f"{path.name}: cannot be read: {os.strerror(error.errno or 5)}") from error
    except BadRows as error:
        version.drop()
        raise UsageError(f"{path.name}: nothing imported: {error}") from error
    except NoRegistry as error:
        version.drop()
        raise UsageError(f"{path.name}: {error}") from error
    version.commit("file")
    return rows


def _import(
    client: Client,
    file: BinaryIO,
    pseudonyms: Pseudonyms,
    version: Version,
    progress: Callable[[int, int], None],
    unplaced: Counter[str],
) -> int:
    """Every block is checked and made ready in processes beside, as many as there are cores."""
    check, known, today = Check(file), _Known(client), vietnam_day(now_us())
    size = os.fstat(file.fileno()).st_size
    done = 0

    def finish(rows: pa.RecordBatch, ready: Future[Ready]) -> None:
        nonlocal done
        found = ready.result()
        check.add(rows, found.problems)
        if not found.problems:
            version.write(found.statements)
        unplaced.update(no_provinces(rows))
        done += rows.num_rows
        progress(file.tell(), size)

    with Beside(pseudonyms, size) as beside:
        waiting: deque[tuple[pa.RecordBatch, Future[Ready]]] = deque()
        for rows in blocks(file, check.cut):
            days = pa.nulls(rows.num_rows, pa.date32()), pa.repeat(pa.scalar(today, pa.date32()), rows.num_rows)
            digests = known.digests(code_keys(rows["mst"]))
            waiting.append((rows, beside.submit(rows, *days, digests, version.number)))
            if len(waiting) > beside.at_once:
                finish(*waiting.popleft())
        while waiting:
            finish(*waiting.popleft())
    check.end()
    return done


class Version:
    """One version of the registry, being written. What it states does not count before `commit`."""

    def __init__(self, client: Client, sink: Sink | None = None, number: int = 0) -> None:
        self._client, self._sink = client, sink or Sink(client)
        self.number = number or now_us()
        self._statements = self._parts = 0

    def write(self, statements: pa.Table) -> None:
        """Rows of `taxpayer_statements` with this version's number."""
        if statements.num_rows:
            self._sink.write({"taxpayer_statements": statements}, f"registry:{self.number}:{self._parts}")
            self._statements += statements.num_rows
            self._parts += 1

    def commit(self, source: str) -> None:
        """From now on the version counts. One without statements is not written."""
        if self._statements:
            self._run(_CURRENT, version=self.number)
            self._run(_COMMIT, version=self.number, source=source, statements=self._statements)

    def drop(self) -> None:
        """Delete what was written of a version that will not be complete."""
        if self._statements:
            self._run(_DROP, version=self.number)

    def _run(self, sql: str, **parameters: Any) -> None:
        with explaining:
            self._client.command(sql, parameters=parameters)


class _Known:
    """The digest of the last statement on each taxpayer of the whole registry, 16 bytes of memory each."""

    def __init__(self, client: Client) -> None:
        self._keys, self._digests = _last(_digest_rows(client, ""))

    def digests(self, keys: Ints) -> Ints:
        """0 where there is no statement."""
        if not len(self._keys):
            return np.zeros(len(keys), np.int64)
        at = np.minimum(np.searchsorted(self._keys, keys), len(self._keys) - 1)
        return np.where(self._keys[at] == keys, self._digests[at], 0)


def digests_of(client: Client, codes: Sequence[str]) -> dict[str, int]:
    """The digest of the last statement on each of `codes`; those without one are absent."""
    found: dict[str, int] = {}
    for part in chunks(sorted(set(codes))):
        keys, digests = _last(_digest_rows(client, "AND mst IN {keys:Array(String)}", keys=part))
        found |= {str(key)[1:]: digest for key, digest in zip(keys.tolist(), digests.tolist(), strict=True)}
    return found


def _digest_rows(client: Client, chosen: str, **parameters: Sequence[str]) -> pa.Table:
    with explaining:
        return client.query_arrow(_DIGESTS.replace("{chosen}", chosen), parameters=parameters)


def _last(rows: pa.Table) -> tuple[Ints, Ints]:
    """Keys, rising, and the digests of their last versions."""
    if not rows.num_rows:
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    keys, versions, digests = (rows[name].to_numpy() for name in ("code", "version", "digest"))
    order = np.lexsort((versions, keys))
    keys, digests = keys[order], digests[order].view(np.int64)
    last = np.append(keys[1:] != keys[:-1], True)
    return keys[last], digests[last]
