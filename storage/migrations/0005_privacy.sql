-- Personal data of buyers: pseudonym and masked form beside the invoice, the clear value sealed in the vault; and the log
-- of who looked.

ALTER TABLE invoices
    ADD COLUMN IF NOT EXISTS buyer_masked String COMMENT 'Personal ID of the buyer as 001•••••••89; empty if none',
    ADD COLUMN IF NOT EXISTS buyer_phone_pseudonym String COMMENT 'HMAC of the buyer''s phone number; empty if none',
    ADD COLUMN IF NOT EXISTS buyer_phone_masked String COMMENT 'Phone number of the buyer as ••••••••89; empty if none',
    ADD COLUMN IF NOT EXISTS buyer_name_pseudonym String COMMENT 'HMAC of a private buyer''s name; empty if none',
    ADD COLUMN IF NOT EXISTS buyer_name_masked String COMMENT 'Name of a private buyer as T••• T•• H••; empty if none';

CREATE TABLE IF NOT EXISTS vault
(
    kind LowCardinality(String) COMMENT 'personal_id, phone or name',
    pseudonym String COMMENT 'HMAC of the value, as in the other tables',
    sealed String COMMENT 'The value: AES-256-GCM with a vault key' CODEC(NONE),
    key UInt8 COMMENT 'Number of that key',
    seen_at DateTime64(6, 'UTC') COMMENT 'When an invoice was decided that bears the value',
    version UInt64 COMMENT 'seen_at in microseconds: the last stays'
)
ENGINE = ReplacingMergeTree(version)
ORDER BY (kind, pseudonym)
SETTINGS index_granularity = 1024, non_replicated_deduplication_window = 1000
COMMENT 'Clear personal values, sealed: opened for a written reason only, and noted in audit_log';

CREATE TABLE IF NOT EXISTS person_marks
(
    pseudonym String COMMENT 'The person: HMAC of the personal ID',
    mark LowCardinality(String) COMMENT 'restricted, corrected or erased',
    withdrawn UInt8 COMMENT '1: it does not count any more',
    sealed String COMMENT 'Of a correction: what the person says is right, sealed with a vault key' CODEC(NONE),
    marked_at DateTime64(6, 'UTC') COMMENT 'When',
    version UInt64 COMMENT 'marked_at in microseconds: the last word stays'
)
ENGINE = ReplacingMergeTree(version)
ORDER BY (pseudonym, mark)
SETTINGS non_replicated_deduplication_window = 1000
COMMENT 'Rights that persons made use of; by whom and why stands in audit_log';

CREATE TABLE IF NOT EXISTS audit_log
(
    chain String COMMENT 'Who writes: one chain of entries for each place of writing',
    seq UInt64 COMMENT 'Number of the entry in its chain, from 1',
    at DateTime64(6, 'UTC') COMMENT 'When',
    actor String COMMENT 'Who did it',
    role LowCardinality(String) COMMENT 'In which role',
    action LowCardinality(String) COMMENT 'reveal, show, correct, restrict, erase, resolve, withdraw, …',
    subject String COMMENT 'Pseudonym of the person, or name of the thing',
    reason String COMMENT 'Why, as written by the actor',
    detail String COMMENT 'More of it, as JSON without personal data',
    previous FixedString(32) COMMENT 'Digest of the entry before; zeros for the first',
    digest FixedString(32) COMMENT 'HMAC-SHA-256 of all before with the audit key'
)
ENGINE = MergeTree
ORDER BY (chain, seq)
SETTINGS non_replicated_deduplication_window = 1000
COMMENT 'Append-only, chained by digests: hoadon audit verify';
