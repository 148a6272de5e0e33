-- The tables of the service. Rows are idempotent by key: a version that a replay reproduces decides which row stays,
-- so readers use FINAL (or argMax). Every statement may run twice: two migrations at once do no harm.

CREATE TABLE IF NOT EXISTS packages
(
    mtdiep String COMMENT 'MTDiep, the sender''s id of the message (format §2)',
    sha256 String COMMENT 'SHA-256 of the unpacked body, lower-case hex; with mtdiep the key',
    mst String COMMENT 'Canonical tax code of the seller',
    sender LowCardinality(String) COMMENT 'MNGui of the credential that posted it; * for a key of every sender',
    mltdiep UInt16 COMMENT 'MLTDiep, the kind of message; 0 if unreadable',
    received_at DateTime64(6, 'UTC') COMMENT 'When the gateway had the whole body',
    decided_at DateTime64(6, 'UTC') COMMENT 'When the worker decided',
    decision LowCardinality(String) COMMENT 'accepted, partly_rejected or rejected',
    invoices UInt32 COMMENT 'HDon in the package',
    accepted UInt32 COMMENT 'Of these accepted',
    rejected UInt32 COMMENT 'Of these rejected',
    bytes UInt32 COMMENT 'Size of the unpacked body',
    topic LowCardinality(String) COMMENT 'Topic of the message that brought the row',
    partition UInt16 COMMENT 'Partition of that message',
    offset UInt64 COMMENT 'Offset of that message',
    receipt String COMMENT 'The 204 message, byte for byte' CODEC(ZSTD(3)),
    outcome String COMMENT 'JSON list of [index, mst, khmshdon, khhdon, shdon, decision, NLap] per HDon' CODEC(ZSTD(3)),
    version UInt64 COMMENT '2^64-1 minus decided_at in microseconds: the first decision stays',
    INDEX by_mtdiep mtdiep TYPE bloom_filter(0.001) GRANULARITY 1,
    INDEX by_sha256 sha256 TYPE bloom_filter(0.001) GRANULARITY 1
)
ENGINE = ReplacingMergeTree(version)
ORDER BY (mtdiep, sha256)
SETTINGS index_granularity = 512, non_replicated_deduplication_window = 1000
COMMENT 'Decided packages: the commit mark of a batch, written last, read by gateway, watermark and audit';

CREATE TABLE IF NOT EXISTS invoices
(
    period UInt16 COMMENT 'Year of KHHDon if well formed and between 2022 and 2099, else 0: the key decides the partition',
    mst String COMMENT 'Canonical tax code of the seller',
    khmshdon LowCardinality(String) COMMENT 'KHMSHDon, the form of the invoice',
    khhdon LowCardinality(String) COMMENT 'KHHDon, the series',
    shdon UInt32 COMMENT 'SHDon, the number in its series; 0 if unreadable',
    mccqt String COMMENT 'MCCQT, the tax authority''s code',
    nlap Date COMMENT 'NLap, the day of issue; 1970-01-01 if unreadable or outside 1970…2149',
    received_at DateTime64(6, 'UTC') COMMENT 'When the gateway had the package that brought the row',
    decided_at DateTime64(6, 'UTC') COMMENT 'When the worker decided',
    mtdiep String COMMENT 'Package that brought the row',
    sha256 String COMMENT 'SHA-256 of that package',
    invoice_index UInt32 COMMENT 'Place in that package, from 1',
    mltdiep UInt16 COMMENT 'Kind of message of that package',
    decision LowCardinality(String) COMMENT 'accepted or rejected',
    total_before_vat Decimal(27, 6) COMMENT 'TgTCThue; absent = 0',
    total_vat Decimal(27, 6) COMMENT 'TgTThue; absent = 0',
    total Decimal(27, 6) COMMENT 'TgTTTBSo; absent = 0',
    discount Decimal(27, 6) COMMENT 'TTCKTMai; absent = 0',
    fees Decimal(27, 6) COMMENT 'Sum of the fees; absent = 0',
    currency LowCardinality(String) COMMENT 'DVTTe',
    exchange_rate Decimal(18, 6) COMMENT 'TGia; absent = 0',
    buyer_mst String COMMENT 'Buyer''s tax code of 10 or 13 digits; empty for a person''s',
    buyer_pseudonym String COMMENT 'HMAC of the buyer''s 12-digit code; empty otherwise',
    province LowCardinality(String) COMMENT 'Province of the seller at the decision; empty if unknown',
    sector LowCardinality(String) COMMENT 'Sector of the seller at the decision; empty if unknown',
    payment_method String COMMENT 'HTTToan as written',
    solution_provider String COMMENT 'MSTTCGP, tax code of the software''s provider',
    store_code String COMMENT 'MCHang, the shop',
    correction LowCardinality(String) COMMENT 'TCHDon: empty, 1, 2 or 5',
    corrects_khmshdon String COMMENT 'KHMSHDon of the invoice it corrects',
    corrects_khhdon String COMMENT 'KHHDon of the invoice it corrects',
    corrects_shdon UInt32 COMMENT 'SHDon of the invoice it corrects; 0 if none',
    corrects_nlap Date COMMENT 'NLap of the invoice it corrects; 1970-01-01 if none',
    lines UInt32 COMMENT 'Number of lines',
    content FixedString(16) COMMENT 'Digest of the HDon''s content: tells a repeat from a conflict',
    version UInt64 COMMENT 'Accepted: 2^63 + (2^63-1 - received_at in µs); rejected: received_at in µs. The first acceptance stays',
    INDEX by_mtdiep mtdiep TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX by_mccqt mccqt TYPE bloom_filter(0.01) GRANULARITY 1
)
ENGINE = ReplacingMergeTree(version)
PARTITION BY period
ORDER BY (mst, khmshdon, khhdon, shdon)
SETTINGS index_granularity = 4096, non_replicated_deduplication_window = 1000
COMMENT 'Each invoice key once (FINAL): accepted is never replaced by rejected';

CREATE TABLE IF NOT EXISTS invoice_lines
(
    period UInt16 COMMENT 'As in invoices',
    mst String COMMENT 'Canonical tax code of the seller',
    khmshdon LowCardinality(String) COMMENT 'KHMSHDon',
    khhdon LowCardinality(String) COMMENT 'KHHDon',
    shdon UInt32 COMMENT 'SHDon',
    line UInt32 COMMENT 'Place of the line in the invoice, from 1',
    nlap Date COMMENT 'Day of issue of the invoice',
    tchat UInt8 COMMENT 'TChat, the nature of the line; 0 if absent',
    code String COMMENT 'MHHDVu, the seller''s code of the goods',
    name String COMMENT 'THHDVu, the goods or service',
    unit LowCardinality(String) COMMENT 'DVTinh',
    quantity Decimal(27, 6) COMMENT 'SLuong; absent = 0',
    unit_price Decimal(27, 6) COMMENT 'DGia; absent = 0',
    discount Decimal(27, 6) COMMENT 'STCKhau; absent = 0',
    amount Decimal(27, 6) COMMENT 'ThTien; absent = 0',
    vat_rate LowCardinality(String) COMMENT 'TSuat normalised: 8, 10, KCT, KHAC:5.26 or empty',
    version UInt64 COMMENT 'As in invoices'
)
ENGINE = ReplacingMergeTree(version)
PARTITION BY period
ORDER BY (mst, khmshdon, khhdon, shdon, line)
SETTINGS non_replicated_deduplication_window = 1000
COMMENT 'Lines of accepted invoices';

CREATE TABLE IF NOT EXISTS findings
(
    mtdiep String COMMENT 'Package',
    sha256 String COMMENT 'SHA-256 of the package',
    invoice_index UInt32 COMMENT 'Place of the HDon in the package, from 1; 0 for the package itself',
    seq UInt32 COMMENT 'Place of the finding, from 0',
    mst String COMMENT 'Canonical tax code of the seller',
    khmshdon LowCardinality(String) COMMENT 'KHMSHDon; empty for the package',
    khhdon LowCardinality(String) COMMENT 'KHHDon; empty for the package',
    shdon UInt32 COMMENT 'SHDon; 0 for the package or if unreadable',
    code LowCardinality(String) COMMENT 'Rule, such as SUM-03',
    severity LowCardinality(String) COMMENT 'P refuses the package, E the invoice; W and I are told only',
    path String COMMENT 'Where in the document; empty if nowhere',
    line UInt32 COMMENT 'Line in the document; 0 if none',
    data String COMMENT 'What the message names, as JSON',
    found_at DateTime64(6, 'UTC') COMMENT 'When the worker decided',
    version UInt64 COMMENT '2^64-1 minus found_at in microseconds: the first decision stays',
    INDEX by_invoice (mst, khmshdon, khhdon, shdon) TYPE bloom_filter(0.01) GRANULARITY 1
)
ENGINE = ReplacingMergeTree(version)
ORDER BY (mtdiep, sha256, invoice_index, seq)
SETTINGS index_granularity = 2048, non_replicated_deduplication_window = 1000
COMMENT 'What the rules found';

CREATE TABLE IF NOT EXISTS evidence
(
    mtdiep String COMMENT 'Package; empty if unreadable',
    sha256 String COMMENT 'SHA-256 of the unpacked body, lower-case hex',
    mst String COMMENT 'Canonical tax code of the seller; empty if unreadable',
    received_at DateTime64(6, 'UTC') COMMENT 'When the gateway had the whole body',
    size UInt32 COMMENT 'Bytes of the unpacked body',
    sealed String COMMENT 'The body as posted: zstd, then AES-256-GCM' CODEC(NONE),
    version UInt64 COMMENT '2^64-1 minus received_at in microseconds'
)
ENGINE = ReplacingMergeTree(version)
ORDER BY (mtdiep, sha256)
SETTINGS index_granularity = 256, non_replicated_deduplication_window = 1000
COMMENT 'Raw documents, encrypted; kept apart from what queries read';

CREATE TABLE IF NOT EXISTS dead_letters
(
    topic LowCardinality(String) COMMENT 'Topic of the message',
    partition UInt16 COMMENT 'Partition of the message',
    offset UInt64 COMMENT 'Offset of the message',
    `index` UInt32 COMMENT 'Place of the package in a bundle, from 0',
    sha256 String COMMENT 'SHA-256 of the bytes that could not be processed',
    reason LowCardinality(String) COMMENT 'Short code: bad-message, engine-error or a rule',
    detail String COMMENT 'What went wrong, without personal data',
    size UInt32 COMMENT 'Bytes of the original',
    sealed String COMMENT 'The original bytes: zstd, then AES-256-GCM' CODEC(NONE),
    status LowCardinality(String) COMMENT 'dead or replayed',
    found_at DateTime64(6, 'UTC') COMMENT 'When it was put aside',
    changed_at DateTime64(6, 'UTC') COMMENT 'When its status changed last',
    version UInt64 COMMENT 'changed_at in microseconds: the last change stays'
)
ENGINE = ReplacingMergeTree(version)
ORDER BY (topic, partition, offset, `index`)
SETTINGS index_granularity = 256, non_replicated_deduplication_window = 1000
COMMENT 'What could not be processed, with its origin';

CREATE TABLE IF NOT EXISTS progress
(
    topic LowCardinality(String) COMMENT 'Topic',
    partition UInt16 COMMENT 'Partition',
    first_offset UInt64 COMMENT 'First offset of a contiguous range that is stored',
    last_offset UInt64 COMMENT 'Last offset of that range, itself included',
    worker LowCardinality(String) COMMENT 'Who stored it',
    kind LowCardinality(String) COMMENT 'batch, or mended by the audit',
    written_at DateTime64(6, 'UTC') COMMENT 'When'
)
ENGINE = MergeTree
ORDER BY (topic, partition, first_offset)
SETTINGS non_replicated_deduplication_window = 1000
COMMENT 'Offsets that were decided, repeated or dead-lettered; written last. Ranges may overlap, a hole is an alarm';

CREATE TABLE IF NOT EXISTS watermark
(
    topic LowCardinality(String) COMMENT 'Topic',
    complete_up_to DateTime64(6, 'UTC') COMMENT 'All received before this moment is decided and stored',
    computed_at DateTime64(6, 'UTC') COMMENT 'When this was found'
)
ENGINE = ReplacingMergeTree(computed_at)
ORDER BY topic
SETTINGS non_replicated_deduplication_window = 1000
COMMENT 'Completeness: readers may rely on what lies below';

CREATE TABLE IF NOT EXISTS taxpayers
(
    mst String COMMENT 'Canonical tax code',
    kind LowCardinality(String) COMMENT 'enterprise, household or individual',
    name String COMMENT 'Business name; empty for an individual',
    personal_id_pseudonym String COMMENT 'HMAC of the personal ID; empty if none',
    personal_id_masked String COMMENT 'Personal ID as 001•••••••89; empty if none',
    status LowCardinality(String) COMMENT 'active, suspended or closed',
    status_since Date COMMENT 'First day of the status; 1970-01-01 if unknown',
    sector LowCardinality(String) COMMENT 'Sector; empty if unknown',
    province LowCardinality(String) COMMENT 'Province; empty if unknown',
    mtt_code String COMMENT 'Code given for invoices from cash registers',
    registered_from Date COMMENT 'First day such invoices may be issued; 1970-01-01 if unknown',
    legacy_mst String COMMENT 'Tax code before the personal ID became it',
    accounts Array(String) COMMENT 'Registered accounts as BIN:ACCOUNT',
    version UInt64 COMMENT 'Moment of the import in microseconds: the last import stays'
)
ENGINE = ReplacingMergeTree(version)
ORDER BY mst
SETTINGS index_granularity = 2048, non_replicated_deduplication_window = 1000
COMMENT 'The registry as imported; no personal ID in clear';
