"""The registry's statements read from the store into memory, as identity.registry takes them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc
from clickhouse_connect.driver.client import Client

from identity.registry import ALWAYS, KINDS, STATEMENTS, STATUSES, mtt_numbers
from storage.chunks import chunks
from storage.errors import explaining

_VERSIONS: Final = """
SELECT version, toUnixTimestamp64Micro(min(recorded_at)) AS moment
FROM registry_versions
GROUP BY version
HAVING moment >= {since:Int64}
"""

_STATEMENTS: Final = f"""
SELECT toInt64(concat('1', mst)) AS mst,
       if(personal_id_pseudonym = '', 0, reinterpretAsInt64(unhex(substring(personal_id_pseudonym, 1, 16)))) AS person,
       toInt64OrZero(if(legacy_mst = '', '', concat('1', legacy_mst))) AS legacy,
       toInt8(indexOf({list(KINDS)}, kind) - 1) AS kind,
       toInt8(indexOf({list(STATUSES)}, status) - 1) AS status,
       if(status_since = toDate(0), toInt32({ALWAYS}), toInt32(status_since)) AS status_since,
       if(holds_from = toDate(0), toInt32({ALWAYS}), toInt32(holds_from)) AS holds_from,
       moment + {{delay:Int64}} AS known_from,
       name_key AS name, mtt_code, toString(sector) AS sector, toString(province) AS province
FROM (SELECT * FROM taxpayer_statements WHERE {{chosen}}) AS stated
INNER JOIN (
    SELECT version, toUnixTimestamp64Micro(min(recorded_at)) AS moment FROM registry_versions GROUP BY version
) AS complete USING (version)
"""  # noqa: S608

_TOUCHED: Final = """
SELECT DISTINCT mst FROM taxpayer_statements WHERE version IN {versions:Array(UInt64)}
"""
_WORDS: Final = pa.dictionary(pa.int32(), pa.string())


def versions(client: Client, since: int) -> dict[int, int]:
    """The complete versions that were recorded at `since` (µs) or later, with the moment of each."""
    with explaining:
        rows: Any = client.query(_VERSIONS, parameters={"since": since}).result_rows
    return dict(rows)


def statements(client: Client, delay: int) -> pa.Table:
    """All statements of complete versions, known `delay` µs after these were recorded."""
    return _read(client, "1", {"delay": delay})


def statements_on(client: Client, codes: Sequence[str], delay: int) -> pa.Table:
    """Those on the taxpayers `codes`."""
    parts = [_read(client, "mst IN {keys:Array(String)}", {"keys": part, "delay": delay}) for part in chunks(codes)]
    return pa.concat_tables([_schema().empty_table(), *parts])


def touched(client: Client, of: Sequence[int]) -> list[str]:
    """The taxpayers on which the versions `of` say anything."""
    with explaining:
        return [mst for (mst,) in client.query(_TOUCHED, parameters={"versions": list(of)}).result_rows]


def _read(client: Client, chosen: str, parameters: dict[str, object]) -> pa.Table:
    """In blocks, so that texts are dropped before the next block comes."""
    with (
        explaining,
        client.query_arrow_stream(_STATEMENTS.replace("{chosen}", chosen), parameters=parameters) as stream,
    ):
        parts = [_converted(block) for block in stream]
    return pa.concat_tables([_schema().empty_table(), *parts])


def _converted(block: pa.RecordBatch) -> pa.Table:
    columns = {name: block[name] for name in block.schema.names}
    columns["mtt_code"] = pa.array(mtt_numbers(columns["mtt_code"].cast(pa.string())))
    for name in ("sector", "province"):
        columns[name] = pc.dictionary_encode(columns[name].cast(pa.string()))
    return pa.table({name: columns[name].cast(field.type) for name, field in _fields()}, _schema())


def _fields() -> list[tuple[str, pa.Field]]:
    return [(field.name, field) for field in _schema()]


def _schema() -> pa.Schema:
    return pa.schema([field.with_type(_WORDS) if field.type == pa.string() else field for field in STATEMENTS])
