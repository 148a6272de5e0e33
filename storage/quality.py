"""Counting how good a day's data are, inside the store. Blocking; an infrastructure error is StoreUnavailable."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any, Final, NamedTuple

from clickhouse_connect.driver.client import Client

from hoadon.common.clock import VIETNAM
from storage.errors import explaining

_SUMS: Final = "('SUM-01', 'SUM-02', 'SUM-03', 'SUM-04', 'SUM-06')"
_MEASURES: Final = (
    "invoices", "accepted", "seller_linked", "seller_legacy", "seller_ambiguous", "seller_unknown", "buyer_named",
    "buyer_linked", "name_differs", "code_invalid", "schema_invalid", "sums_wrong", "seller_stale", "late", "late_days",
    "numbers_missing",
)  # fmt: skip

_COUNT: Final = f"""
INSERT INTO quality_days
SELECT {{day:Date}}, province, sector, {", ".join(f"sum({name})" for name in _MEASURES)}, now64(6, 'UTC')
FROM (
    SELECT
        province, sector,
        count() AS invoices,
        countIf(decision = 'accepted') AS accepted,
        countIf(seller_link = 'linked') AS seller_linked,
        countIf(seller_link = 'linked_legacy') AS seller_legacy,
        countIf(seller_link = 'ambiguous') AS seller_ambiguous,
        countIf(seller_link = 'unknown') AS seller_unknown,
        countIf(named) AS buyer_named,
        countIf(buyer_link IN ('linked', 'linked_legacy')) AS buyer_linked,
        countIf(has(codes, 'ID-07')) AS name_differs,
        countIf(hasAny(codes, ['ID-01', 'ID-04', 'ID-05'])) AS code_invalid,
        countIf(has(codes, 'XSD-01')) AS schema_invalid,
        countIf(arrayExists(code -> code IN {_SUMS}, codes)) AS sums_wrong,
        countIf(hasAny(codes, ['ID-03', 'ID-06'])) AS seller_stale,
        countIf(has(codes, 'DATE-02')) AS late,
        sum(days) AS late_days,
        toUInt64(0) AS numbers_missing
    FROM (
        SELECT mtdiep, sha256, invoice_index, toString(province) AS province, toString(sector) AS sector,
               toString(decision) AS decision, toString(seller_link) AS seller_link,
               toString(buyer_link) AS buyer_link, buyer_mst != '' OR buyer_pseudonym != '' AS named
        FROM invoices FINAL
        WHERE received_at >= {{since:DateTime64(6, 'UTC')}} AND received_at < {{until:DateTime64(6, 'UTC')}}
            AND decided_at >= {{since:DateTime64(6, 'UTC')}}
    ) AS invoice
    LEFT JOIN (
        SELECT mtdiep, sha256, invoice_index, groupUniqArray(toString(code)) AS codes,
               maxIf(JSONExtractUInt(data, 'late_days'), code = 'DATE-02') AS days
        FROM findings
        WHERE invoice_index > 0 AND (mtdiep, sha256) IN (
            SELECT mtdiep, sha256 FROM packages
            WHERE received_at >= {{since:DateTime64(6, 'UTC')}} AND received_at < {{until:DateTime64(6, 'UTC')}})
        GROUP BY mtdiep, sha256, invoice_index
    ) AS told USING (mtdiep, sha256, invoice_index)
    GROUP BY province, sector
    UNION ALL
    SELECT province, sector, {", ".join("0" for _ in _MEASURES[:-1])}, sum(missing)
    FROM (
        SELECT mst, JSONExtractUInt(data, 'missing_count') AS missing
        FROM findings FINAL
        WHERE code = 'SEQ-01' AND JSONExtractString(data, 'day') = toString({{day:Date}})
    ) AS gaps
    LEFT JOIN (SELECT mst, toString(province) AS province, toString(sector) AS sector FROM taxpayers FINAL) AS seller
        USING (mst)
    GROUP BY province, sector
)
GROUP BY province, sector
"""  # noqa: S608

_LATEST: Final = f"""
SELECT day, toString(province), toString(sector), {", ".join(_MEASURES)}
FROM quality_days
WHERE day >= {{first:Date}} AND day <= {{last:Date}}
ORDER BY day DESC, province, sector, computed_at DESC
LIMIT 1 BY day, province, sector
"""  # noqa: S608


class Quality(NamedTuple):
    """The latest counting of a day, province and sector ('' unknown); see the table for what each measure says."""

    day: date
    province: str
    sector: str
    invoices: int
    accepted: int
    seller_linked: int
    seller_legacy: int
    seller_ambiguous: int
    seller_unknown: int
    buyer_named: int
    buyer_linked: int
    name_differs: int
    code_invalid: int
    schema_invalid: int
    sums_wrong: int
    seller_stale: int
    late: int
    late_days: int
    numbers_missing: int


def count(client: Client, day: date) -> None:
    """Count what was received on `day` (Vietnam's)."""
    since = datetime.combine(day, datetime.min.time(), VIETNAM)
    until = since + timedelta(days=1)
    _run(client.command, _COUNT, day=day, since=since, until=until)


def latest(client: Client, first: date, last: date) -> list[Quality]:
    """The latest countings of the days `first` … `last`, the latest day first."""
    return [Quality(*row) for row in _run(client.query, _LATEST, first=first, last=last).result_rows]


def _run(how: Any, sql: str, **parameters: Any) -> Any:
    with explaining:
        return how(sql, parameters=parameters)
