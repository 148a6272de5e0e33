"""Arrow schemas of the tables that the service writes, column by column as in the migrations (a test compares)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import pyarrow as pa

MONEY: Final = pa.decimal128(27, 6)
INSTANT: Final = pa.timestamp("us", tz="UTC")

_KEY: Final = (("mst", pa.string()), ("khmshdon", pa.string()), ("khhdon", pa.string()), ("shdon", pa.uint32()))


def _schema(*columns: tuple[str, pa.DataType]) -> pa.Schema:
    return pa.schema([pa.field(name, kind, nullable=False) for name, kind in columns])


PACKAGES: Final = _schema(
    ("mtdiep", pa.string()),
    ("sha256", pa.string()),
    ("mst", pa.string()),
    ("sender", pa.string()),
    ("mltdiep", pa.uint16()),
    ("received_at", INSTANT),
    ("decided_at", INSTANT),
    ("decision", pa.string()),
    ("invoices", pa.uint32()),
    ("accepted", pa.uint32()),
    ("rejected", pa.uint32()),
    ("bytes", pa.uint32()),
    ("topic", pa.string()),
    ("partition", pa.uint16()),
    ("offset", pa.uint64()),
    ("receipt", pa.binary()),
    ("outcome", pa.string()),
    ("version", pa.uint64()),
)

INVOICES: Final = _schema(
    ("period", pa.uint16()),
    *_KEY,
    ("mccqt", pa.string()),
    ("nlap", pa.date32()),
    ("received_at", INSTANT),
    ("decided_at", INSTANT),
    ("mtdiep", pa.string()),
    ("sha256", pa.string()),
    ("invoice_index", pa.uint32()),
    ("mltdiep", pa.uint16()),
    ("decision", pa.string()),
    ("total_before_vat", MONEY),
    ("total_vat", MONEY),
    ("total", MONEY),
    ("discount", MONEY),
    ("fees", MONEY),
    ("currency", pa.string()),
    ("exchange_rate", pa.decimal128(18, 6)),
    ("buyer_mst", pa.string()),
    ("buyer_pseudonym", pa.string()),
    ("province", pa.string()),
    ("sector", pa.string()),
    ("payment_method", pa.string()),
    ("solution_provider", pa.string()),
    ("store_code", pa.string()),
    ("correction", pa.string()),
    ("corrects_khmshdon", pa.string()),
    ("corrects_khhdon", pa.string()),
    ("corrects_shdon", pa.uint32()),
    ("corrects_nlap", pa.date32()),
    ("lines", pa.uint32()),
    ("content", pa.binary(16)),
    ("version", pa.uint64()),
    ("seller_link", pa.string()),
    ("seller_by", pa.string()),
    ("seller_taxpayer", pa.string()),
    ("buyer_link", pa.string()),
    ("buyer_by", pa.string()),
    ("buyer_taxpayer", pa.string()),
    ("buyer_masked", pa.string()),
    ("buyer_phone_pseudonym", pa.string()),
    ("buyer_phone_masked", pa.string()),
    ("buyer_name_pseudonym", pa.string()),
    ("buyer_name_masked", pa.string()),
    ("seller_account", pa.string()),
    ("issued_at", INSTANT),
    ("receipt_reference", pa.string()),
    ("seller_code", pa.string()),
)

SALE_DAYS: Final = _schema(("mst", pa.string()), ("day", pa.date32()), ("decided_at", INSTANT))

CORRECTIONS: Final = _schema(
    *_KEY,
    ("kind", pa.string()),
    ("by_khmshdon", pa.string()),
    ("by_khhdon", pa.string()),
    ("by_shdon", pa.uint32()),
    ("mtdiep", pa.string()),
    ("sha256", pa.string()),
    ("received_at", INSTANT),
    ("decided_at", INSTANT),
    ("version", pa.uint64()),
)

INVOICE_LINES: Final = _schema(
    ("period", pa.uint16()),
    *_KEY,
    ("line", pa.uint32()),
    ("nlap", pa.date32()),
    ("tchat", pa.uint8()),
    ("code", pa.string()),
    ("name", pa.string()),
    ("unit", pa.string()),
    ("quantity", MONEY),
    ("unit_price", MONEY),
    ("discount", MONEY),
    ("amount", MONEY),
    ("vat_rate", pa.string()),
    ("version", pa.uint64()),
)

FINDINGS: Final = _schema(
    ("mtdiep", pa.string()),
    ("sha256", pa.string()),
    ("invoice_index", pa.uint32()),
    ("seq", pa.uint32()),
    *_KEY,
    ("code", pa.string()),
    ("severity", pa.string()),
    ("path", pa.string()),
    ("line", pa.uint32()),
    ("data", pa.string()),
    ("found_at", INSTANT),
    ("version", pa.uint64()),
)

EVIDENCE: Final = _schema(
    ("mtdiep", pa.string()),
    ("sha256", pa.string()),
    ("mst", pa.string()),
    ("received_at", INSTANT),
    ("size", pa.uint32()),
    ("sealed", pa.binary()),
    ("version", pa.uint64()),
)

DEAD_LETTERS: Final = _schema(
    ("topic", pa.string()),
    ("partition", pa.uint16()),
    ("offset", pa.uint64()),
    ("index", pa.uint32()),
    ("sha256", pa.string()),
    ("reason", pa.string()),
    ("detail", pa.string()),
    ("size", pa.uint32()),
    ("sealed", pa.binary()),
    ("status", pa.string()),
    ("found_at", INSTANT),
    ("changed_at", INSTANT),
    ("version", pa.uint64()),
)

PROGRESS: Final = _schema(
    ("topic", pa.string()),
    ("partition", pa.uint16()),
    ("first_offset", pa.uint64()),
    ("last_offset", pa.uint64()),
    ("worker", pa.string()),
    ("kind", pa.string()),
    ("written_at", INSTANT),
)

WATERMARK: Final = _schema(("topic", pa.string()), ("complete_up_to", INSTANT), ("computed_at", INSTANT))

TAXPAYERS: Final = _schema(
    ("mst", pa.string()),
    ("kind", pa.string()),
    ("name", pa.string()),
    ("personal_id_pseudonym", pa.string()),
    ("personal_id_masked", pa.string()),
    ("status", pa.string()),
    ("status_since", pa.date32()),
    ("sector", pa.string()),
    ("province", pa.string()),
    ("mtt_code", pa.string()),
    ("registered_from", pa.date32()),
    ("legacy_mst", pa.string()),
    ("accounts", pa.list_(pa.field("item", pa.string(), nullable=False))),
    ("version", pa.uint64()),
)

TAXPAYER_STATEMENTS: Final = _schema(
    ("mst", pa.string()),
    ("version", pa.uint64()),
    ("holds_from", pa.date32()),
    ("kind", pa.string()),
    ("name", pa.string()),
    ("name_key", pa.int64()),
    ("personal_id_pseudonym", pa.string()),
    ("personal_id_masked", pa.string()),
    ("status", pa.string()),
    ("status_since", pa.date32()),
    ("sector", pa.string()),
    ("province", pa.string()),
    ("mtt_code", pa.string()),
    ("registered_from", pa.date32()),
    ("legacy_mst", pa.string()),
    ("accounts", pa.list_(pa.field("item", pa.string(), nullable=False))),
    ("digest", pa.uint64()),
)

REGISTRY_VERSIONS: Final = _schema(
    ("version", pa.uint64()), ("source", pa.string()), ("statements", pa.uint64()), ("recorded_at", INSTANT)
)

VAULT: Final = _schema(
    ("kind", pa.string()),
    ("pseudonym", pa.string()),
    ("sealed", pa.binary()),
    ("key", pa.uint8()),
    ("seen_at", INSTANT),
    ("version", pa.uint64()),
)

LINK_RESOLUTIONS: Final = _schema(("code", pa.string()), ("taxpayer", pa.string()), ("decided_at", INSTANT))

PERSON_MARKS: Final = _schema(
    ("pseudonym", pa.string()),
    ("mark", pa.string()),
    ("withdrawn", pa.uint8()),
    ("sealed", pa.binary()),
    ("marked_at", INSTANT),
    ("version", pa.uint64()),
)

AUDIT_LOG: Final = _schema(
    ("chain", pa.string()),
    ("seq", pa.uint64()),
    ("at", INSTANT),
    ("actor", pa.string()),
    ("role", pa.string()),
    ("action", pa.string()),
    ("subject", pa.string()),
    ("reason", pa.string()),
    ("detail", pa.string()),
    ("previous", pa.binary(32)),
    ("digest", pa.binary(32)),
)

QUALITY_DAYS: Final = _schema(
    ("day", pa.date32()),
    ("province", pa.string()),
    ("sector", pa.string()),
    *(
        (name, pa.uint64())
        for name in (
            "invoices", "accepted", "seller_linked", "seller_legacy", "seller_ambiguous", "seller_unknown",
            "buyer_named", "buyer_linked", "name_differs", "code_invalid", "schema_invalid", "sums_wrong",
            "seller_stale", "late", "late_days", "numbers_missing",
        )
    ),
    ("computed_at", INSTANT),
)  # fmt: skip

OUTAGES: Final = _schema(
    ("mst", pa.string()),
    ("first_day", pa.date32()),
    ("last_day", pa.date32()),
    ("working_days", pa.uint8()),
    ("reason", pa.string()),
    ("declared_at", INSTANT),
    ("withdrawn", pa.uint8()),
    ("version", pa.uint64()),
)

CLOSED_DAYS: Final = _schema(
    ("day", pa.date32()), ("closed_at", INSTANT), ("series", pa.uint64()), ("findings", pa.uint64())
)

PAYMENTS: Final = _schema(
    ("source", pa.string()),
    ("payment_id", pa.string()),
    ("paid_at", INSTANT),
    ("timed", pa.uint8()),
    ("day", pa.date32()),
    ("amount", MONEY),
    ("currency", pa.string()),
    ("credit_account", pa.string()),
    ("bank_bin", pa.string()),
    ("merchant_mst", pa.string()),
    ("store_code", pa.string()),
    ("terminal_id", pa.string()),
    ("reference", pa.string()),
    ("content", pa.string()),
    ("channel", pa.string()),
    ("direction", pa.string()),
    ("received_at", INSTANT),
    ("sender", pa.string()),
    ("version", pa.uint64()),
    ("written_at", INSTANT),
)

ACCOUNT_DAYS: Final = _schema(("day", pa.date32()), ("account", pa.string()), ("mst", pa.string()))

_PAYMENT: Final = (
    ("seller", pa.string()),
    ("day", pa.date32()),
    ("source", pa.string()),
    ("payment_id", pa.string()),
)
_OUTCOME: Final = (
    ("kind", pa.string()),
    ("state", pa.string()),
    ("score", pa.uint8()),
    ("reason", pa.string()),
    (
        "invoices",
        pa.list_(pa.field("item", pa.struct([pa.field(*one, nullable=False) for one in _KEY]), nullable=False)),
    ),
    ("covered", MONEY),
)

PAYMENT_MATCHES: Final = _schema(
    *_PAYMENT,
    ("seller_by", pa.string()),
    ("merchant_mst", pa.string()),
    ("account", pa.string()),
    ("paid_at", INSTANT),
    ("timed", pa.uint8()),
    ("amount", MONEY),
    ("currency", pa.string()),
    ("direction", pa.string()),
    ("channel", pa.string()),
    ("store_code", pa.string()),
    ("reference", pa.string()),
    ("content", pa.string()),
    *_OUTCOME,
    ("group_payments", pa.uint32()),
    ("group_invoices", pa.uint32()),
    ("settles", pa.uint8()),
    ("attributed_at", INSTANT),
    ("matched_at", INSTANT),
    ("version", pa.uint64()),
    ("withdrawn", pa.uint8()),
)

PAYMENT_MATCH_HISTORY: Final = _schema(
    *_PAYMENT, *_OUTCOME, ("matched_at", INSTANT), ("replaced_at", INSTANT), ("version", pa.uint64())
)

_SUM: Final = pa.decimal128(38, 6)

PAYMENT_DAYS: Final = _schema(
    ("seller", pa.string()),
    ("day", pa.date32()),
    ("currency", pa.string()),
    ("province", pa.string()),
    ("sector", pa.string()),
    ("invoices", pa.uint64()),
    ("invoiced", _SUM),
    ("payments", pa.uint64()),
    ("paid", _SUM),
    ("matched", _SUM),
    ("ambiguous", _SUM),
    ("without_invoice", _SUM),
    ("refunds", pa.uint64()),
    ("refunded", _SUM),
    ("uncorrected", _SUM),
    ("computed_at", INSTANT),
    ("version", pa.uint64()),
)

RECONCILED: Final = _schema(("what", pa.string()), ("up_to", INSTANT), ("at", INSTANT))

TABLES: Final[Mapping[str, pa.Schema]] = {
    "packages": PACKAGES,
    "invoices": INVOICES,
    "sale_days": SALE_DAYS,
    "corrections": CORRECTIONS,
    "invoice_lines": INVOICE_LINES,
    "findings": FINDINGS,
    "evidence": EVIDENCE,
    "dead_letters": DEAD_LETTERS,
    "progress": PROGRESS,
    "watermark": WATERMARK,
    "taxpayers": TAXPAYERS,
    "taxpayer_statements": TAXPAYER_STATEMENTS,
    "registry_versions": REGISTRY_VERSIONS,
    "vault": VAULT,
    "person_marks": PERSON_MARKS,
    "link_resolutions": LINK_RESOLUTIONS,
    "audit_log": AUDIT_LOG,
    "quality_days": QUALITY_DAYS,
    "payments": PAYMENTS,
    "account_days": ACCOUNT_DAYS,
    "payment_matches": PAYMENT_MATCHES,
    "payment_match_history": PAYMENT_MATCH_HISTORY,
    "payment_days": PAYMENT_DAYS,
    "reconciled": RECONCILED,
    "outages": OUTAGES,
    "closed_days": CLOSED_DAYS,
}


def table(name: str, columns: Mapping[str, Sequence[object] | pa.Array]) -> pa.Table:
    """An Arrow table of the store's table `name`. Raises on a missing or unknown column, or a wrong type."""
    schema = TABLES[name]
    if set(columns) != set(schema.names):
        raise ValueError(f"{name}: columns differ: {sorted(set(columns) ^ set(schema.names))}")
    return pa.table({field.name: columns[field.name] for field in schema}, schema=schema)


def rows(name: str, found: Sequence[Mapping[str, object]]) -> pa.Table:
    """`table` of rows."""
    return table(name, {column: [row[column] for row in found] for column in TABLES[name].names})
