-- Columns that LZ4 does not shrink: digests in hex, identifiers, texts and amounts of lines (docs/decisions/0013).

ALTER TABLE packages MODIFY COLUMN mtdiep CODEC(ZSTD(1)), MODIFY COLUMN sha256 CODEC(ZSTD(1));

ALTER TABLE evidence MODIFY COLUMN mtdiep CODEC(ZSTD(1)), MODIFY COLUMN sha256 CODEC(ZSTD(1));

ALTER TABLE findings MODIFY COLUMN mtdiep CODEC(ZSTD(1)), MODIFY COLUMN sha256 CODEC(ZSTD(1)), MODIFY COLUMN data CODEC(ZSTD(1));

ALTER TABLE invoices
    MODIFY COLUMN mccqt CODEC(ZSTD(1)),
    MODIFY COLUMN mtdiep CODEC(ZSTD(1)),
    MODIFY COLUMN sha256 CODEC(ZSTD(1));

ALTER TABLE invoice_lines
    MODIFY COLUMN code CODEC(ZSTD(1)),
    MODIFY COLUMN name CODEC(ZSTD(1)),
    MODIFY COLUMN quantity CODEC(ZSTD(1)),
    MODIFY COLUMN unit_price CODEC(ZSTD(1)),
    MODIFY COLUMN amount CODEC(ZSTD(1));
