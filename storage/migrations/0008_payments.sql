-- Cashless payments as banks, wallets and providers told of them.

CREATE TABLE IF NOT EXISTS payments
(
    source LowCardinality(String) COMMENT 'Who told of it: a bank, a wallet, a provider',
    payment_id String COMMENT 'Its name there; with the source the key',
    paid_at DateTime64(6, 'UTC') COMMENT 'When it was paid; where timed is 0, the begin of its day in Vietnam',
    timed UInt8 COMMENT '0: only the day is known',
    day Date COMMENT 'Day of paid_at in Vietnam',
    amount Decimal(27, 6) COMMENT 'Above 0',
    currency LowCardinality(String) COMMENT 'ISO 4217',
    credit_account String COMMENT 'Account of the merchant',
    bank_bin LowCardinality(String) COMMENT 'BIN of its bank, six digits; empty if unknown',
    merchant_mst String COMMENT 'Canonical tax code of the merchant, where the source knows it',
    store_code String COMMENT 'Store of the merchant',
    terminal_id String COMMENT 'Terminal',
    reference String COMMENT 'Reference that the payer or the terminal gave, as a bill number',
    content String COMMENT 'Text of the transfer; personal IDs and phone numbers in it masked',
    channel LowCardinality(String) COMMENT 'qr, card, transfer or wallet',
    direction LowCardinality(String) COMMENT 'credit, or refund',
    received_at DateTime64(6, 'UTC') COMMENT 'Arrival at the gateway',
    sender LowCardinality(String) COMMENT 'MNGui of the key that posted it; * for a key of every sender',
    version UInt64 COMMENT 'The first arrival stays',
    INDEX by_day day TYPE minmax GRANULARITY 4
)
ENGINE = ReplacingMergeTree(version)
ORDER BY (source, payment_id)
SETTINGS non_replicated_deduplication_window = 1000
COMMENT 'Payments; each source and payment_id once with FINAL, as it was told first';
