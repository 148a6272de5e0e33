"""The facts of reconciliation as frames, and what became of them. Blocking; errors: StoreUnavailable.

Frames have the columns that payments.matching.match asks for. Days are bounded by `first` and `last`, both within.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Final
from uuid import uuid4

import polars as pl
import pyarrow as pa
from clickhouse_connect.driver.client import Client

from storage import schema
from storage.attribution import SUCCESSORS
from storage.chunks import chunks
from storage.errors import explaining
from storage.parameters import moment
from storage.sink import Sink

SELLERS: Final = 4_000
"""Sellers in one question: their codes stay below what a form field may hold."""
_ROWS: Final = 250_000
"""Rows in one insert."""

_DAYS: Final = "{first:Date} AND {last:Date}"
_PAYMENTS: Final = f"""
SELECT * FROM payment_matches FINAL
WHERE seller IN {{sellers:Array(String)}} AND day BETWEEN {_DAYS}
"""  # noqa: S608
_OWNERS: Final = SUCCESSORS.format(chosen="legacy_mst IN {codes:Array(String)}")
_CODES: Final = SUCCESSORS.format(
    chosen="""legacy_mst != '' AND legacy_mst IN (
        SELECT legacy_mst FROM taxpayers FINAL WHERE mst IN {sellers:Array(String)})"""
)
_INVOICES: Final = f"""
SELECT mst, toString(khmshdon) AS khmshdon, toString(khhdon) AS khhdon, shdon, nlap, total AS due,
    toString(currency) AS currency, buyer_mst, toUnixTimestamp64Micro(issued_at) AS issued_us, store_code AS store,
    receipt_reference AS receipt, payment_method, toString(correction) AS correction, corrects_khmshdon,
    corrects_khhdon, corrects_shdon, corrects_nlap
FROM invoices
WHERE mst IN {{codes:Array(String)}} AND decision = 'accepted'
    AND (nlap BETWEEN {_DAYS} OR (correction = '1' AND corrects_nlap BETWEEN {_DAYS}))
ORDER BY mst, khmshdon, khhdon, shdon, version DESC
LIMIT 1 BY mst, khmshdon, khhdon, shdon
"""  # noqa: S608
_REPLACED: Final = """
SELECT DISTINCT mst, khmshdon, khhdon, shdon FROM corrections
WHERE mst IN {codes:Array(String)} AND kind = '1'
"""
_REPLACED_TOTALS: Final = f"""
SELECT mst, toString(khmshdon) AS corrects_khmshdon, toString(khhdon) AS corrects_khhdon, shdon AS corrects_shdon,
    total AS before
FROM invoices
WHERE mst IN {{codes:Array(String)}} AND decision = 'accepted'
    AND (mst, toString(khmshdon), toString(khhdon), shdon) IN ({_REPLACED})
LIMIT 1 BY mst, corrects_khmshdon, corrects_khhdon, corrects_shdon
"""  # noqa: S608
_PLACES: Final = """
SELECT mst AS seller, toString(province) AS province, toString(sector) AS sector FROM taxpayers FINAL
WHERE mst IN {sellers:Array(String)}
"""

# Without FINAL the index on the state tells where to look; rows that were looked at may still be among them.
_LOOK: Final = "state = 'new' AND (seller, day) IN (SELECT seller, day FROM payment_matches WHERE state = 'new')"
_NEW: Final = f"SELECT DISTINCT seller, day FROM payment_matches FINAL WHERE {_LOOK} AND seller != ''"  # noqa: S608
_TOUCHED: Final = """
SELECT DISTINCT mst AS code, day, toUnixTimestamp64Micro(decided_at) AS at FROM sale_days
WHERE decided_at >= {since:DateTime64(6, 'UTC')}
"""
# Of a seller whose payments all moved away the withdrawn rows are left: its figures are to be made anew.
_PAID: Final = "SELECT DISTINCT seller FROM payment_matches WHERE seller IN {sellers:Array(String)}"
_REACHING: Final = f"""
SELECT DISTINCT seller FROM payment_matches FINAL
WHERE seller IN {{sellers:Array(String)}} AND day BETWEEN {_DAYS} AND (direction = 'refund' OR settles)
"""  # noqa: S608
_BATCHING: Final = f"""
SELECT DISTINCT mst FROM invoices
WHERE mst IN {{codes:Array(String)}} AND nlap BETWEEN {_DAYS} AND decision = 'accepted'
    AND length(receipt_reference) > 6 AND match(receipt_reference, '[-._/]')
"""  # noqa: S608
_NOBODY: Final = f"SELECT * FROM payment_matches FINAL WHERE {_LOOK} AND seller = ''"  # noqa: S608
_COUNTS: Final = f"""
SELECT seller, toInt64(count()) AS payments FROM payment_matches
WHERE seller IN {{sellers:Array(String)}} AND day BETWEEN {_DAYS} GROUP BY seller
"""  # noqa: S608
_FIGURES: Final = f"""
SELECT * FROM payment_days FINAL WHERE seller IN {{sellers:Array(String)}} AND day BETWEEN {_DAYS}
"""  # noqa: S608
_OF_DAY: Final = """
SELECT DISTINCT seller, {day:Date} AS day FROM payment_matches WHERE day = {day:Date} AND seller != ''
"""
_LARGE: Final = """
SELECT DISTINCT mst AS code, nlap AS day FROM invoices
WHERE nlap = {day:Date} AND decision = 'accepted' AND buyer_mst != '' AND currency = 'VND'
    AND total >= {threshold:Decimal(38, 6)}
"""
_FIRST: Final = "SELECT min(day), count() FROM payment_matches"
_RECONCILED: Final = "SELECT toString(what), toUnixTimestamp64Micro(up_to) FROM reconciled FINAL"
_FOUND: Final = """
SELECT sha256, data FROM findings FINAL WHERE mtdiep = '' AND sha256 IN {ids:Array(String)}
"""
_LATEST: Final = "SELECT topic, toUnixTimestamp64Micro(complete_up_to) FROM watermark FINAL"


class Matches:
    """Questions and answers of reconciliation."""

    def __init__(self, client: Client) -> None:
        self._client, self._sink = client, Sink(client)

    def reconciled(self) -> dict[str, Any]:
        """How far each part has come, in µs."""
        return self._pairs(_RECONCILED)

    def complete(self) -> dict[str, Any]:
        """The watermark of each topic, in µs."""
        return self._pairs(_LATEST)

    def first_day(self) -> date | None:
        """The first day with a payment."""
        day, count = self._rows(_FIRST)[0]
        return day if count else None

    def new_days(self) -> pl.DataFrame:
        """seller, day of payments that were not looked at."""
        return self._frame(_NEW)

    def touched(self, since: int) -> pl.DataFrame:
        """The journal since a moment (µs): code, day whose invoices changed, and when (`at`)."""
        return self._frame(_TOUCHED, since=moment(since))

    def paid_days(self, touched: pl.DataFrame) -> pl.DataFrame:
        """seller, day of the journal's rows, of sellers that have payments."""
        days = self._owned(touched).filter(pl.col("seller") != "")
        paid = [self._frame(_PAID, sellers=part) for part in chunks(days["seller"].to_list(), SELLERS)]
        return days.join(pl.concat(paid), on="seller", how="semi") if paid else days

    def counts(self, sellers: Sequence[str], first: date, last: date) -> pl.DataFrame:
        """seller, payments: about how many there are."""
        return self._frame(_COUNTS, sellers=list(sellers), first=first, last=last)

    def days_to_close(self, day: date, threshold: int) -> pl.DataFrame:
        """seller, day for everybody who has a payment or an invoice to a business of `threshold` VND or more."""
        large = self._owned(self._frame(_LARGE, day=day, threshold=threshold))
        return pl.concat([self._frame(_OF_DAY, day=day), large]).unique()

    def reaching(self, sellers: Sequence[str], first: date, last: date) -> list[str]:
        """Those with refunds, settlements or invoices of batches, which reach over days."""
        found = self._rows(_REACHING, sellers=list(sellers), first=first, last=last)
        codes = self._codes(sellers)
        batching = self._frame(_BATCHING, codes=[*sellers, *codes["old_code"]], first=first, last=last)
        return [*(seller for (seller,) in found), *_owner(batching, codes)["seller"]]

    def payments(self, sellers: Sequence[str], first: date, last: date) -> pl.DataFrame:
        """As they stand in payment_matches."""
        return self._frame(_PAYMENTS, sellers=list(sellers), first=first, last=last)

    def nobody(self) -> pl.DataFrame:
        """New payments without a seller."""
        return self._frame(_NOBODY)

    def figures(self, sellers: Sequence[str], first: date, last: date) -> pl.DataFrame:
        """As they stand in payment_days."""
        return self._frame(_FIGURES, sellers=list(sellers), first=first, last=last)

    def invoices(self, sellers: Sequence[str], first: date, last: date) -> pl.DataFrame:
        """Accepted invoices that were not replaced, with their seller and the day that they count on."""
        codes = self._codes(sellers)
        asked = {"codes": [*sellers, *codes["old_code"]], "first": first, "last": last}
        found, replaced = self._frame(_INVOICES, **asked), self._frame(_REPLACED, codes=asked["codes"])
        found = found.join(replaced, on=["mst", "khmshdon", "khhdon", "shdon"], how="anti")
        replaces = pl.col("correction") == "1"
        moved = replaces & (pl.col("corrects_nlap") > date(1970, 1, 1))
        return (
            _owner(found, codes)
            .with_columns(
                day=pl.when(moved).then("corrects_nlap").otherwise("nlap"),
                issued_at=pl.when(~replaces & (pl.col("issued_us") > 0)).then("issued_us"),
                method=pl.col("payment_method").str.to_uppercase().str.replace_all(r"[^\p{L}\p{N}]", ""),
                former_khhdon=pl.when(replaces).then("corrects_khhdon").otherwise(pl.lit("")),
                former_shdon=pl.when(replaces).then("corrects_shdon").otherwise(0).cast(pl.UInt32),
            )
            .filter(pl.col("due") > 0)
        )

    def corrections(self, sellers: Sequence[str], first: date, last: date) -> pl.DataFrame:
        """Adjustments below 0 and replacements by less, with their value."""
        codes = self._codes(sellers)
        asked = {"codes": [*sellers, *codes["old_code"]], "first": first, "last": last}
        found = self._frame(_INVOICES, **asked).filter(pl.col("nlap").is_between(first, last))
        before = self._frame(_REPLACED_TOTALS, codes=asked["codes"])
        key = ["mst", "corrects_khmshdon", "corrects_khhdon", "corrects_shdon"]
        found = found.filter(pl.col("correction").is_in(["1", "2"])).join(before, on=key, how="left")
        value = pl.when(pl.col("correction") == "2").then(-pl.col("due")).otherwise(pl.col("before") - pl.col("due"))
        return _owner(found, codes).with_columns(value=value, day="nlap").filter(pl.col("value") > 0)

    def places(self, sellers: Sequence[str]) -> pl.DataFrame:
        """seller, province, sector as the registry knows them."""
        return self._frame(_PLACES, sellers=list(sellers))

    def findings(self, ids: Sequence[str]) -> dict[str, str]:
        """The data of findings that are stored, by name."""
        return {name: data for part in chunks(ids) for name, data in self._pairs(_FOUND, ids=part).items()}

    def tell(self, findings: Sequence[Mapping[str, Any]]) -> None:
        """Rows of `findings`."""
        if findings:
            self._write("findings", schema.rows("findings", findings))

    def write(self, tables: Mapping[str, pl.DataFrame]) -> None:
        """Rows of several tables, one after the other."""
        for name, frame in tables.items():
            for rows in frame.iter_slices(_ROWS):
                columns = schema.TABLES[name]
                self._write(name, rows.select(columns.names).to_arrow().cast(columns))

    def forget(self, ids: Sequence[str]) -> None:
        """Findings that do not hold any more."""
        for part in chunks(ids):
            self._command("DELETE FROM findings WHERE mtdiep = '' AND sha256 IN {ids:Array(String)}", ids=part)

    def mark(self, what: str, up_to: int, at: int) -> None:
        """Everything written before `up_to` (µs) was looked at."""
        self._write("reconciled", schema.rows("reconciled", [{"what": what, "up_to": up_to, "at": at}]))

    def _owned(self, found: pl.DataFrame) -> pl.DataFrame:
        """Tax codes become those of their owners."""
        owners = [self._frame(_OWNERS, codes=part) for part in chunks(found["code"].to_list(), SELLERS)]
        if not owners:
            return pl.DataFrame(schema={"seller": pl.String, "day": pl.Date})
        owned = found.join(pl.concat(owners), left_on="code", right_on="old_code", how="left")
        return owned.select(seller=pl.coalesce("successor", "code"), day="day").unique()

    def _codes(self, sellers: Sequence[str]) -> pl.DataFrame:
        """old_code, successor: other codes of `sellers`."""
        return self._frame(_CODES, sellers=list(sellers))

    def _write(self, name: str, rows: pa.Table) -> None:
        self._sink.write({name: rows}, f"reconcile:{uuid4()}")

    def _frame(self, sql: str, **parameters: Any) -> pl.DataFrame:
        with explaining:
            found = self._client.query_arrow(sql, parameters=parameters)
        return pl.DataFrame(pl.from_arrow(found))

    def _rows(self, sql: str, **parameters: Any) -> Sequence[Sequence[Any]]:
        with explaining:
            return self._client.query(sql, parameters=parameters).result_rows

    def _pairs(self, sql: str, **parameters: Any) -> dict[str, Any]:
        return {str(one): other for one, other in self._rows(sql, **parameters)}

    def _command(self, sql: str, **parameters: Any) -> None:
        with explaining:
            self._client.command(sql, parameters=parameters)


def _owner(found: pl.DataFrame, codes: pl.DataFrame) -> pl.DataFrame:
    owned = found.join(codes, left_on="mst", right_on="old_code", how="left")
    return owned.with_columns(seller=pl.coalesce("successor", "mst")).drop("successor")


def facts(payments: pl.DataFrame) -> pl.DataFrame:
    """Rows of payment_matches as matching takes them."""
    return payments.with_columns(pl.col("paid_at").cast(pl.Int64), pl.col("timed").cast(pl.Boolean), store="store_code")
