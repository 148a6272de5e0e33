-- What the comparison with payments needs of an invoice, and which sellers' days it has to look at again.

ALTER TABLE invoices
    ADD COLUMN IF NOT EXISTS seller_account String COMMENT 'NBan/STKNHang, the seller''s account, without spaces; empty if none',
    ADD COLUMN IF NOT EXISTS issued_at DateTime64(6, 'UTC')
        COMMENT 'Moment of issue on the day NLap, of a TTKhac of type dateTime; 1970-01-01 00:00:00 if unknown',
    ADD COLUMN IF NOT EXISTS receipt_reference String
        COMMENT 'Reference of the sale, of a TTKhac, without spaces and in capitals; empty if none';

ALTER TABLE invoices ADD INDEX IF NOT EXISTS by_nlap nlap TYPE minmax GRANULARITY 1;

CREATE TABLE IF NOT EXISTS sale_days
(
    mst String COMMENT 'Canonical tax code of the seller',
    day Date COMMENT 'NLap of an invoice that was accepted, or of the invoice that it replaces or adjusts',
    decided_at DateTime64(6, 'UTC') COMMENT 'When the worker decided: as in invoices'
)
ENGINE = MergeTree
ORDER BY (decided_at, mst, day)
SETTINGS non_replicated_deduplication_window = 1000
COMMENT 'Journal of the days that got accepted invoices, each once for a batch; a replay may state one again';
