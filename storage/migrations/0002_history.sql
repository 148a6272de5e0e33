-- What the rules on history and the day's close need besides the invoices themselves.

CREATE TABLE IF NOT EXISTS corrections
(
    mst String COMMENT 'Canonical tax code of the seller',
    khmshdon String COMMENT 'KHMSHDCLQuan: form of the invoice that is corrected',
    khhdon String COMMENT 'KHHDCLQuan: its series',
    shdon UInt32 COMMENT 'SHDCLQuan: its number',
    kind LowCardinality(String) COMMENT 'TCHDon: 1 replacement, 2 adjustment',
    by_khmshdon LowCardinality(String) COMMENT 'KHMSHDon of the correcting invoice',
    by_khhdon LowCardinality(String) COMMENT 'KHHDon of the correcting invoice',
    by_shdon UInt32 COMMENT 'SHDon of the correcting invoice',
    mtdiep String COMMENT 'Package that brought the correcting invoice',
    sha256 String COMMENT 'SHA-256 of that package',
    received_at DateTime64(6, 'UTC') COMMENT 'When the gateway had that package',
    decided_at DateTime64(6, 'UTC') COMMENT 'When the worker decided',
    version UInt64 COMMENT 'As in invoices: the first acceptance stays'
)
ENGINE = ReplacingMergeTree(version)
ORDER BY (mst, khmshdon, khhdon, shdon, kind, by_khmshdon, by_khhdon, by_shdon)
SETTINGS index_granularity = 512, non_replicated_deduplication_window = 1000
COMMENT 'Accepted replacements and adjustments, by the invoice that they correct';

CREATE TABLE IF NOT EXISTS outages
(
    mst String COMMENT 'Canonical tax code of the seller that could not send; empty: nobody could',
    first_day Date COMMENT 'First day of the outage, in Vietnam',
    last_day Date COMMENT 'Day of recovery, itself included',
    working_days UInt8 COMMENT 'Working days after recovery that data may still take: 2, or 3 after force majeure',
    reason String COMMENT 'Why, in words',
    declared_at DateTime64(6, 'UTC') COMMENT 'When it was declared or withdrawn',
    withdrawn UInt8 COMMENT '1: declared by mistake, does not count',
    version UInt64 COMMENT 'declared_at in microseconds: the last word stays'
)
ENGINE = ReplacingMergeTree(version)
ORDER BY (mst, first_day, last_day)
SETTINGS non_replicated_deduplication_window = 1000
COMMENT 'Declared outages, in which late data are not held against the seller (DATE-03)';

CREATE TABLE IF NOT EXISTS closed_days
(
    day Date COMMENT 'A day in Vietnam whose findings (SEQ-01, HH-01) are stored',
    closed_at DateTime64(6, 'UTC') COMMENT 'When that was done',
    series UInt64 COMMENT 'Series with numbers missing',
    findings UInt64 COMMENT 'Findings of the close'
)
ENGINE = ReplacingMergeTree(closed_at)
ORDER BY day
SETTINGS non_replicated_deduplication_window = 1000
COMMENT 'Days that were closed: everything received until their end had been decided';

ALTER TABLE invoices ADD INDEX IF NOT EXISTS by_decided_at decided_at TYPE minmax GRANULARITY 8;
