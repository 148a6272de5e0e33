-- Payments by the seller that they were made to, with the invoices that they belong to (docs/reconciliation.md).

ALTER TABLE payments ADD COLUMN IF NOT EXISTS written_at DateTime64(6, 'UTC') COMMENT 'When the worker wrote the row';

ALTER TABLE payments ADD INDEX IF NOT EXISTS by_written_at written_at TYPE minmax GRANULARITY 1;

CREATE TABLE IF NOT EXISTS account_days
(
    day Date COMMENT 'NLap of the invoices',
    account String COMMENT 'NBan/STKNHang of accepted invoices of that day',
    mst String COMMENT 'Canonical tax code of their seller'
)
ENGINE = ReplacingMergeTree
ORDER BY (day, account, mst)
SETTINGS non_replicated_deduplication_window = 1000
COMMENT 'Which sellers name an account on their invoices of a day';

CREATE TABLE IF NOT EXISTS payment_matches
(
    seller String COMMENT 'Canonical tax code of the merchant; empty if nobody is known',
    day Date COMMENT 'Day of the payment in Vietnam',
    source LowCardinality(String) COMMENT 'As in payments',
    payment_id String COMMENT 'As in payments; with the source the name of a payment',
    seller_by LowCardinality(String) COMMENT 'What led to the seller: told, account (registered) or invoice (named on those of the day)',
    merchant_mst String COMMENT 'As in payments: the tax code that was told',
    account String COMMENT 'Account of the merchant as BIN:ACCOUNT',
    paid_at DateTime64(6, 'UTC') COMMENT 'As in payments',
    timed UInt8 COMMENT '0: only the day is known',
    amount Decimal(27, 6) COMMENT 'Above 0',
    currency LowCardinality(String) COMMENT 'ISO 4217',
    direction LowCardinality(String) COMMENT 'credit, or refund',
    channel LowCardinality(String) COMMENT 'qr, card, transfer or wallet',
    store_code String COMMENT 'Store of the merchant',
    reference String COMMENT 'As in payments',
    content String COMMENT 'As in payments',
    kind LowCardinality(String) COMMENT 'one, split, part, settlement, refund; empty if it belongs to nothing',
    state LowCardinality(String) COMMENT 'matched, ambiguous, unmatched; new until it was looked at',
    score UInt8 COMMENT 'How sure the match is, 0 … 100',
    reason LowCardinality(String) COMMENT 'The rule that decided',
    invoices Array(Tuple(mst String, khmshdon String, khhdon String, shdon UInt32))
        COMMENT 'The invoices it belongs to; of an ambiguous settlement those it may belong to',
    covered Decimal(27, 6) COMMENT 'What of the amount invoices stand behind',
    group_payments UInt32 COMMENT 'Of an ambiguous one: payments of this amount and day that still have candidates',
    group_invoices UInt32 COMMENT 'Of an ambiguous one: such invoices',
    settles UInt8 COMMENT '1: its text speaks of a settlement',
    attributed_at DateTime64(6, 'UTC') COMMENT 'When the seller was found',
    matched_at DateTime64(6, 'UTC') COMMENT 'When this outcome was found',
    version UInt64 COMMENT 'The last outcome stays',
    withdrawn UInt8 COMMENT '1: the payment stands under another seller or day now; FINAL leaves it out',
    INDEX by_state state TYPE set(8) GRANULARITY 1,
    INDEX by_day day TYPE minmax GRANULARITY 1,
    INDEX by_attributed_at attributed_at TYPE minmax GRANULARITY 1,
    INDEX by_account account TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX by_payment payment_id TYPE bloom_filter(0.001) GRANULARITY 1
)
ENGINE = ReplacingMergeTree(version, withdrawn)
ORDER BY (seller, day, source, payment_id)
SETTINGS index_granularity = 4096, non_replicated_deduplication_window = 1000
COMMENT 'What became of each payment; each once with FINAL';

CREATE TABLE IF NOT EXISTS payment_match_history
(
    seller String COMMENT 'As in payment_matches',
    day Date COMMENT 'As in payment_matches',
    source LowCardinality(String) COMMENT 'As in payments',
    payment_id String COMMENT 'As in payments',
    kind LowCardinality(String) COMMENT 'As in payment_matches',
    state LowCardinality(String) COMMENT 'As in payment_matches',
    score UInt8 COMMENT 'As in payment_matches',
    reason LowCardinality(String) COMMENT 'As in payment_matches',
    invoices Array(Tuple(mst String, khmshdon String, khhdon String, shdon UInt32)) COMMENT 'As in payment_matches',
    covered Decimal(27, 6) COMMENT 'As in payment_matches',
    matched_at DateTime64(6, 'UTC') COMMENT 'When this outcome was found',
    replaced_at DateTime64(6, 'UTC') COMMENT 'When another one took its place',
    version UInt64 COMMENT 'Of this outcome'
)
ENGINE = ReplacingMergeTree
ORDER BY (seller, day, source, payment_id, version)
SETTINGS non_replicated_deduplication_window = 1000
COMMENT 'Outcomes that others replaced';

CREATE TABLE IF NOT EXISTS payment_days
(
    seller String COMMENT 'Canonical tax code of the seller',
    day Date COMMENT 'Day of the payments and of the sales',
    currency LowCardinality(String) COMMENT 'ISO 4217',
    province LowCardinality(String) COMMENT 'Province of the seller; empty if unknown',
    sector LowCardinality(String) COMMENT 'Sector of the seller; empty if unknown',
    invoices UInt64 COMMENT 'Accepted invoices of the day above 0, without those replaced',
    invoiced Decimal(38, 6) COMMENT 'What they add up to',
    payments UInt64 COMMENT 'Payments on the seller''s accounts, without refunds',
    paid Decimal(38, 6) COMMENT 'What they add up to: paid without cash',
    matched Decimal(38, 6) COMMENT 'of paid: what invoices stand behind',
    ambiguous Decimal(38, 6) COMMENT 'of paid: with several candidates, as many payments as there are invoices',
    without_invoice Decimal(38, 6) COMMENT 'of paid: without any invoice',
    refunds UInt64 COMMENT 'Refunds',
    refunded Decimal(38, 6) COMMENT 'What they add up to',
    uncorrected Decimal(38, 6) COMMENT 'of refunded: without an adjustment or replacement',
    computed_at DateTime64(6, 'UTC') COMMENT 'When',
    version UInt64 COMMENT 'computed_at in microseconds: the last stays',
    INDEX by_day day TYPE minmax GRANULARITY 1
)
ENGINE = ReplacingMergeTree(version)
ORDER BY (seller, day, currency)
SETTINGS non_replicated_deduplication_window = 1000
COMMENT 'Per seller and day what was invoiced and what was paid without cash; days with payments only';

CREATE TABLE IF NOT EXISTS reconciled
(
    what LowCardinality(String) COMMENT 'payments, sales, registry, or closed: the days before stand',
    up_to DateTime64(6, 'UTC') COMMENT 'Everything written before this moment was looked at',
    at DateTime64(6, 'UTC') COMMENT 'When'
)
ENGINE = ReplacingMergeTree(at)
ORDER BY what
SETTINGS non_replicated_deduplication_window = 1000
COMMENT 'How far reconciliation has come';

CREATE VIEW IF NOT EXISTS noncash_shares AS
SELECT
    toStartOfMonth(day) AS month, province, sector,
    sum(invoiced_vnd) AS invoiced, sum(matched_vnd) AS matched,
    if(invoiced > 0, toFloat64(matched) / toFloat64(invoiced), 0) AS share
FROM (
    SELECT nlap AS day, toString(province) AS province, toString(sector) AS sector,
           toDecimal256(total, 6) AS invoiced_vnd, toDecimal256(0, 6) AS matched_vnd
    FROM invoices FINAL
    WHERE decision = 'accepted' AND currency = 'VND' AND total > 0
        AND (mst, toString(khmshdon), toString(khhdon), shdon) NOT IN (
            SELECT mst, khmshdon, khhdon, shdon FROM corrections WHERE kind = '1')
    UNION ALL
    SELECT day, toString(province), toString(sector), toDecimal256(0, 6), toDecimal256(matched, 6)
    FROM payment_days FINAL
    WHERE currency = 'VND'
)
GROUP BY month, province, sector;
