"""Import of the taxpayer registry from the contract's CSV into `taxpayers`.

The file is read twice: the first pass checks every row, so that a file with a bad row changes nothing; the second
writes. Personal IDs are stored as pseudonym and masked form only, and never named in an error.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import BinaryIO, Final, Protocol

import pyarrow as pa
import pyarrow.compute as pc
from clickhouse_connect.driver.client import Client

from hoadon.common.clock import now_us
from hoadon.common.errors import UsageError
from identity.masking import mask_personal_id
from identity.registry_csv import BadRows, NoRegistry, blocks, checked, dates
from storage import schema
from storage.sink import Sink

_NO_DAY: Final = date(1970, 1, 1)


class Pseudonyms(Protocol):
    """identity.sealing.Sealer."""

    def pseudonym(self, value: str) -> str: ...


def import_csv(
    client: Client, path: Path, sealer: Pseudonyms, progress: Callable[[int, int], None] = lambda done, total: None
) -> int:
    """Import `path`; the number of taxpayers. `progress(done, total)` is called after each block, in rows.

    Raises UsageError, in one line with the first bad rows (the header is row 1), and StoreUnavailable.
    """
    total = sum(rows.num_rows for rows in _read(path, checked))
    sink = Sink(client)
    version = now_us()
    done = 0
    for rows in _read(path, blocks):
        sink.write({"taxpayers": _table(rows, sealer, version)}, f"taxpayers:{version}:{done}")
        done += rows.num_rows
        progress(done, total)
    return done


def _read(path: Path, way: Callable[[BinaryIO], Iterator[pa.RecordBatch]]) -> Iterator[pa.RecordBatch]:
    """Raises UsageError for whatever is wrong with the file."""
    try:
        with path.open("rb") as file:
            yield from way(file)
    except OSError as error:
        raise UsageError(f"{path.name}: cannot be read: {os.strerror(error.errno or 5)}") from error
    except BadRows as error:
        raise UsageError(f"{path.name}: nothing imported: {error}") from error
    except NoRegistry as error:
        raise UsageError(f"{path.name}: {error}") from error


def _table(rows: pa.RecordBatch, sealer: Pseudonyms, version: int) -> pa.Table:
    personal = rows["personal_id"].to_pylist()
    name = pc.if_else(pc.equal(rows["kind"], "individual"), "", rows["name"])
    accounts = pc.utf8_rtrim(rows["accounts"], ";")
    split = pc.if_else(pc.equal(accounts, ""), pa.scalar([], pa.list_(pa.string())), pc.split_pattern(accounts, ";"))
    return schema.table(
        "taxpayers",
        {
            "mst": rows["mst"],
            "kind": rows["kind"],
            "name": name,
            "personal_id_pseudonym": [sealer.pseudonym(value) for value in personal],
            "personal_id_masked": [mask_personal_id(value) if value else "" for value in personal],
            "status": rows["status"],
            "status_since": _days(rows["status_since"]),
            "sector": rows["sector"],
            "province": rows["province"],
            "mtt_code": rows["mtt_code"],
            "registered_from": _days(rows["registered_from"]),
            "legacy_mst": rows["legacy_mst"],
            "accounts": split.cast(schema.TAXPAYERS.field("accounts").type),
            "version": pa.repeat(pa.scalar(version, pa.uint64()), rows.num_rows),
        },
    )


def _days(texts: pa.StringArray) -> pa.Date32Array:
    """Days; '' is 1970-01-01."""
    return pc.fill_null(dates(texts), _NO_DAY)
