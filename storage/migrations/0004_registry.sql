-- The registry with its history, and what it says of the invoices' sellers and buyers.

CREATE TABLE IF NOT EXISTS taxpayer_statements
(
    mst String COMMENT 'Canonical tax code',
    version UInt64 COMMENT 'The version of the registry that brought the statement',
    holds_from Date COMMENT 'The day from which the facts hold; 1970-01-01: always',
    kind LowCardinality(String) COMMENT 'enterprise, household or individual',
    name String COMMENT 'Business name; empty for an individual',
    name_key Int64 COMMENT 'Keyed digest of the name without case, diacritics and legal form; 0 if none',
    personal_id_pseudonym String COMMENT 'HMAC of the personal ID; empty if none',
    personal_id_masked String COMMENT 'Personal ID as 001•••••••89; empty if none',
    status LowCardinality(String) COMMENT 'active, suspended or closed',
    status_since Date COMMENT 'First day of the status; 1970-01-01: always',
    sector LowCardinality(String) COMMENT 'Sector; empty if unknown',
    province LowCardinality(String) COMMENT 'Province; empty if unknown',
    mtt_code String COMMENT 'Code given for invoices from cash registers',
    registered_from Date COMMENT 'First day such invoices may be issued; 1970-01-01 if unknown',
    legacy_mst String COMMENT 'Tax code before the personal ID became it',
    accounts Array(String) COMMENT 'Registered accounts as BIN:ACCOUNT',
    digest UInt64 COMMENT 'Keyed digest of the facts as they came: equal facts are not stated twice'
)
ENGINE = ReplacingMergeTree
ORDER BY (mst, version)
SETTINGS non_replicated_deduplication_window = 1000
COMMENT 'Every statement on a taxpayer. Those of a version that is not in registry_versions do not count';

CREATE TABLE IF NOT EXISTS registry_versions
(
    version UInt64 COMMENT 'A version of the registry, in microseconds since 1970; later ones are larger',
    source LowCardinality(String) COMMENT 'file, or topic',
    statements UInt64 COMMENT 'Statements that it brought',
    recorded_at DateTime64(6, 'UTC') COMMENT 'When it was complete: it counts for packages received some seconds later'
)
ENGINE = MergeTree
ORDER BY version
SETTINGS non_replicated_deduplication_window = 1000
COMMENT 'The versions of the registry that are complete; written after their statements. The first row of one counts';

ALTER TABLE invoices
    ADD COLUMN IF NOT EXISTS seller_link LowCardinality(String)
        COMMENT 'linked, linked_legacy, ambiguous, unknown; empty: no registry',
    ADD COLUMN IF NOT EXISTS seller_by LowCardinality(String)
        COMMENT 'mst, personal_id, legacy_mst, head_office or former_head_office: what led to the taxpayer',
    ADD COLUMN IF NOT EXISTS seller_taxpayer String COMMENT 'Tax code of the taxpayer that the seller is; empty if none',
    ADD COLUMN IF NOT EXISTS buyer_link LowCardinality(String)
        COMMENT 'As seller_link; empty also where the invoice names no buyer by a code',
    ADD COLUMN IF NOT EXISTS buyer_by LowCardinality(String) COMMENT 'As seller_by',
    ADD COLUMN IF NOT EXISTS buyer_taxpayer String
        COMMENT 'Tax code of the taxpayer that the buyer is; empty if none or a personal ID (then buyer_pseudonym)';
