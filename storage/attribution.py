"""Whose a payment is: rows of `payments` become rows of `payment_matches` under a seller, inside the store.

The rule stands in docs/reconciliation.md, "Facts". A row says `new` until it was matched, so that nothing is forgotten
by whoever is killed in between. What is attributed twice changes nothing. Blocking; errors: StoreUnavailable.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from typing import Any, Final

from clickhouse_connect.driver.client import Client

from storage.chunks import KEYS
from storage.errors import explaining
from storage.parameters import moment

NAMED_DAYS: Final = 10
"""Days before a payment whose invoices may name its account."""
SLICE: Final = 1_000_000
"""Payments that are attributed by one statement."""

_FACTS: Final = (
    "source, payment_id, merchant_mst, account, paid_at, timed, day, amount, currency, direction, channel, store_code, "
    "reference, content"
)
_HISTORY: Final = (
    "seller, day, source, payment_id, kind, state, score, reason, invoices, covered, matched_at, replaced_at, version"
)
SUCCESSORS: Final = """
    SELECT legacy_mst AS old_code, any(mst) AS successor
    FROM taxpayers FINAL
    WHERE {chosen} AND legacy_mst NOT IN (
        SELECT mst FROM taxpayers WHERE mst IN (SELECT legacy_mst FROM taxpayers WHERE {chosen}))
    GROUP BY old_code HAVING uniqExact(mst) = 1
"""
"""Old codes and the one taxpayer that has each now. `chosen` tells codes, not taxpayers: all who had one count."""
_ALIASES: Final = SUCCESSORS.format(chosen="legacy_mst != ''")
_ATTRIBUTED: Final = f"""
SELECT paid.*,
    multiIf(merchant_mst != '', 'told', registrant != '', 'account', namer != '', 'invoice', '') AS found_by,
    multiIf(successor != '', successor, merchant_mst != '', merchant_mst, registrant != '', registrant, namer) AS found
FROM ({{payments}}) AS paid
LEFT JOIN ({_ALIASES}) AS aliases ON old_code = paid.merchant_mst
LEFT JOIN (
    SELECT registered_account, if(uniqExact(mst) = 1, any(mst), '') AS registrant
    FROM (SELECT mst, arrayJoin(accounts) AS registered_account FROM taxpayers FINAL)
    WHERE registered_account IN ({{accounts}})
    GROUP BY registered_account
) AS registered ON registered_account = paid.account
LEFT JOIN (
    SELECT named_day, named_account, if(uniqExact(seller) = 1, any(seller), '') AS namer
    FROM (
        SELECT day + arrayJoin(range({NAMED_DAYS} + 1)) AS named_day, account AS named_account,
            if(successor != '', successor, mst) AS seller
        FROM (
            SELECT day, account, mst FROM account_days
            WHERE account IN (SELECT splitByChar(':', account)[2] FROM ({{accounts}}))
        ) AS told
        LEFT JOIN ({_ALIASES}) AS aliases ON old_code = mst
    )
    GROUP BY named_day, named_account
) AS named ON named_day = paid.day AND named_account = splitByChar(':', paid.account)[2]
"""  # noqa: S608

_WRITTEN: Final = """
written_at >= {since:DateTime64(6, 'UTC')} AND written_at <= {until:DateTime64(6, 'UTC')}
    AND toUnixTimestamp64Micro(written_at) IN {batches:Array(Int64)}
"""
_NEW: Final = f"""
SELECT source, payment_id, merchant_mst, concat(toString(bank_bin), ':', credit_account) AS account, paid_at, timed,
    day, amount, currency, direction, channel, store_code, reference, content
FROM (
    SELECT * FROM payments FINAL
    WHERE (source, payment_id) IN (SELECT source, payment_id FROM payments WHERE {_WRITTEN})
)
WHERE {_WRITTEN}
"""  # noqa: S608
_NEW_ACCOUNTS: Final = f"""
SELECT concat(toString(bank_bin), ':', credit_account) AS account FROM payments WHERE {_WRITTEN}
"""  # noqa: S608
_BATCHES: Final = """
SELECT toUnixTimestamp64Micro(written_at) AS at, count() FROM payments
WHERE written_at >= {since:DateTime64(6, 'UTC')} AND written_at <= {until:DateTime64(6, 'UTC')}
GROUP BY at ORDER BY at
"""
_MARKED: Final = """
'new', {now:DateTime64(6, 'UTC')}, toUInt64(toUnixTimestamp64Micro({now:DateTime64(6, 'UTC')}))
"""
_ATTRIBUTE: Final = f"""
INSERT INTO payment_matches (seller, seller_by, {_FACTS}, state, attributed_at, version)
SELECT found, found_by, {_FACTS}, {_MARKED} FROM ({_ATTRIBUTED.format(payments=_NEW, accounts=_NEW_ACCOUNTS)})
WHERE (found, day, source, payment_id) NOT IN (
    SELECT seller, day, source, payment_id FROM payment_matches
    WHERE attributed_at >= {{since:DateTime64(6, 'UTC')}})
"""  # noqa: S608
_AGAIN: Final = f"""
SELECT DISTINCT payment_id FROM payments
WHERE (source, payment_id) IN (SELECT source, payment_id FROM payments WHERE {_WRITTEN})
GROUP BY source, payment_id
HAVING uniqExact(day, merchant_mst, credit_account, bank_bin) > 1
"""  # noqa: S608
_STALE: Final = """
SELECT * FROM payment_matches FINAL
WHERE payment_id IN {ids:Array(String)} AND (source, payment_id, attributed_at) NOT IN (
    SELECT source, payment_id, max(attributed_at) FROM payment_matches FINAL
    WHERE payment_id IN {ids:Array(String)} GROUP BY source, payment_id)
"""
_MOVED: Final = f"""
SELECT * FROM ({
    _ATTRIBUTED.format(
        payments="SELECT * FROM payment_matches FINAL WHERE {chosen}",
        accounts="SELECT account FROM payment_matches WHERE {chosen}",
    )
})
WHERE found != seller
"""  # noqa: S608
_LEAVE: Final = (
    # The seller's day is matched anew without the payment, also if nothing of the rest is done.
    """
    INSERT INTO sale_days (mst, day, decided_at)
    SELECT DISTINCT seller, day, {now:DateTime64(6, 'UTC')} FROM ({rows})
    """,
    f"""
    INSERT INTO payment_match_history ({_HISTORY})
    SELECT {_HISTORY.replace("replaced_at", "{now:DateTime64(6, 'UTC')}")} FROM ({{rows}}) WHERE state != 'new'
    """,  # noqa: S608
)
_ENTER: Final = f"""
INSERT INTO payment_matches (seller, seller_by, {_FACTS}, state, attributed_at, version)
SELECT found, found_by, {_FACTS}, {_MARKED} FROM ({{rows}})
"""  # noqa: S608
_WITHDRAW: Final = f"""
INSERT INTO payment_matches (seller, seller_by, {_FACTS}, state, version, withdrawn)
SELECT seller, seller_by, {_FACTS}, state, version + 1, 1 FROM ({{rows}})
"""  # noqa: S608

_CHANGED: Final = """
SELECT groupUniqArray(mst), groupUniqArrayIf(legacy_mst, legacy_mst != ''), groupUniqArrayArray(accounts)
FROM taxpayer_statements WHERE version > {after:UInt64} AND version <= {up_to:UInt64}
"""
_BY_CHANGE: Final = """
account IN {accounts:Array(String)} OR merchant_mst IN {codes:Array(String)}
    OR (seller_by = 'account' AND seller IN {codes:Array(String)})
"""
_MONTHS: Final = "SELECT DISTINCT toStartOfMonth(day) AS month FROM payment_matches ORDER BY month"
_OF_MONTH: Final = "day >= {month:Date} AND day < addMonths({month:Date}, 1)"
_BY_INVOICE: Final = f"""
day IN {{later:Array(Date)}} AND (seller = '' OR (seller_by = 'invoice' AND seller IN (
    SELECT arrayJoin(groupUniqArray(mst)) FROM account_days
    WHERE account IN (SELECT account FROM account_days WHERE day IN {{days:Array(Date)}})
        AND day BETWEEN arrayMin({{days:Array(Date)}}) - {NAMED_DAYS} AND arrayMax({{days:Array(Date)}}) + {NAMED_DAYS}
    GROUP BY account HAVING uniqExact(mst) > 1)))
"""  # noqa: S608
_VERSION: Final = "SELECT max(version) FROM registry_versions"


class Attribution:
    """Statements over the payments of some time; moments in µs."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._seen: dict[int, int] = {}

    def attribute(self, since: int, until: int, now: int) -> None:
        """Payments written in `since` … `until` find their sellers; batches that this object has seen whole do not."""
        window = {"since": moment(since), "until": moment(until)}
        found = {int(at): int(count) for at, count in self._rows(_BATCHES, window)}
        for batches in _slices({at: count for at, count in found.items() if self._seen.get(at) != count}):
            bounds: dict[str, Any] = {
                "since": moment(batches[0]),
                "until": moment(batches[-1]),
                "batches": batches,
                "now": moment(now),
            }
            self._run(_ATTRIBUTE, bounds)
            self._drop_stale([name for (name,) in self._rows(_AGAIN, bounds)], now)
        self._seen = found

    def registry_version(self) -> int:
        """The last version of the registry, 0 if there is none."""
        return int(self._rows(_VERSION)[0][0])

    def follow_registry(self, after: int, up_to: int, now: int) -> None:
        """Payments move to the sellers that versions later than `after` say they are of."""
        codes, legacy, accounts = self._rows(_CHANGED, {"after": after, "up_to": up_to})[0]
        if len(codes) + len(legacy) + len(accounts) <= KEYS:
            self._move(_BY_CHANGE, {"codes": [*codes, *legacy], "accounts": accounts}, now)
            return
        for (month,) in self._rows(_MONTHS):
            self._move(_OF_MONTH, {"month": month}, now)

    def follow_invoices(self, days: Sequence[date], now: int) -> None:
        """Payments move to the sellers whose invoices of `days` name their accounts."""
        if days:
            later = {day + timedelta(number) for day in days for number in range(NAMED_DAYS + 1)}
            self._move(_BY_INVOICE, {"days": list(days), "later": sorted(later)}, now)

    def _move(self, chosen: str, parameters: dict[str, Any], now: int) -> None:
        moved = _MOVED.replace("{chosen}", chosen)
        parameters = {**parameters, "now": moment(now)}
        if self._rows(f"SELECT count() FROM ({moved})", parameters)[0][0]:  # noqa: S608
            for statement in (*_LEAVE, _ENTER, _WITHDRAW):
                self._run(statement.replace("{rows}", moved), parameters)

    def _drop_stale(self, ids: Sequence[str], now: int) -> None:
        """Of payments that were told in several ways and stand under several sellers or days only the last stays."""
        for start in range(0, len(ids), KEYS):
            parameters = {"ids": list(ids[start : start + KEYS]), "now": moment(now)}
            for statement in (*_LEAVE, _WITHDRAW):
                self._run(statement.replace("{rows}", _STALE), parameters)

    def _run(self, sql: str, parameters: dict[str, Any]) -> None:
        with explaining:
            self._client.command(sql, parameters=parameters)

    def _rows(self, sql: str, parameters: dict[str, Any] | None = None) -> Sequence[Sequence[Any]]:
        with explaining:
            return self._client.query(sql, parameters=parameters).result_rows


def _slices(batches: Mapping[int, int]) -> Iterator[list[int]]:
    """Moments of batches, as many as have SLICE payments together."""
    some: list[int] = []
    size = 0
    for at, count in batches.items():
        if some and (size + count > SLICE or len(some) == KEYS):
            yield some
            some, size = [], 0
        some.append(at)
        size += count
    if some:
        yield some
