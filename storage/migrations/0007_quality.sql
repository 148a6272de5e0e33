-- How good the data are, as the national programme asks: correct, sufficient, clean, living.

CREATE TABLE IF NOT EXISTS quality_days
(
    day Date COMMENT 'Day of receipt in Vietnam',
    province LowCardinality(String) COMMENT 'Province of the seller; empty if unknown',
    sector LowCardinality(String) COMMENT 'Sector of the seller; empty if unknown',
    invoices UInt64 COMMENT 'Invoices received (each key once)',
    accepted UInt64 COMMENT 'of them accepted',
    seller_linked UInt64 COMMENT 'sufficient: the seller is linked by a code of its own',
    seller_legacy UInt64 COMMENT 'sufficient: by a code that it had before',
    seller_ambiguous UInt64 COMMENT 'sufficient: its code leads to several taxpayers',
    seller_unknown UInt64 COMMENT 'sufficient: its code leads to nobody',
    buyer_named UInt64 COMMENT 'sufficient: a buyer is named by a code',
    buyer_linked UInt64 COMMENT 'sufficient: the buyer is linked',
    name_differs UInt64 COMMENT 'correct: the seller''s name is not the registered one (ID-07)',
    code_invalid UInt64 COMMENT 'correct: a tax code or personal ID that cannot be one (ID-01, ID-04, ID-05)',
    schema_invalid UInt64 COMMENT 'clean: the invoice does not follow the schema (XSD-01)',
    sums_wrong UInt64 COMMENT 'clean: amounts do not add up (SUM-01 … SUM-04, SUM-06)',
    seller_stale UInt64 COMMENT 'living: the registry calls the seller suspended or closed, or it uses its old code (ID-03, ID-06)',
    late UInt64 COMMENT 'living: received after its day (DATE-02)',
    late_days UInt64 COMMENT 'living: by so many days together',
    numbers_missing UInt64 COMMENT 'sufficient: numbers missing in series, found at the day''s close (SEQ-01)',
    computed_at DateTime64(6, 'UTC') COMMENT 'When this was counted; the last counts'
)
ENGINE = MergeTree
ORDER BY (day, province, sector, computed_at)
SETTINGS non_replicated_deduplication_window = 1000
COMMENT 'Data quality by day, province and sector. All countings are kept; one row of a group is its latest';
