-- What officers decided about codes that the registry does not lead to one taxpayer.

CREATE TABLE IF NOT EXISTS link_resolutions
(
    code String COMMENT 'Tax code of 10 or 13 digits, or the pseudonym of a personal ID',
    taxpayer String COMMENT 'Tax code of the taxpayer that it is; empty: the decision is withdrawn',
    decided_at DateTime64(6, 'UTC') COMMENT 'When: it counts for packages received some seconds later'
)
ENGINE = MergeTree
ORDER BY (code, decided_at)
SETTINGS non_replicated_deduplication_window = 1000
COMMENT 'Append-only; of a code the last row counts. By whom and why stands in audit_log';

CREATE VIEW IF NOT EXISTS invoice_links AS
WITH resolved AS (
    SELECT code, argMax(taxpayer, decided_at) AS taxpayer FROM link_resolutions GROUP BY code HAVING taxpayer != ''
)
SELECT
    told.mst AS mst, khmshdon, khhdon, shdon, nlap, decision, received_at, total, province, sector,
    told.mst AS seller_code,
    if(seller_decided, 'linked', told_seller_link) AS seller_link,
    if(seller_decided, 'resolution', told_seller_by) AS seller_by,
    if(seller_decided, seller.taxpayer, told_seller_taxpayer) AS seller_taxpayer,
    told_buyer_code AS buyer_code,
    if(buyer_decided, 'linked', told_buyer_link) AS buyer_link,
    if(buyer_decided, 'resolution', told_buyer_by) AS buyer_by,
    if(buyer_decided, buyer.taxpayer, told_buyer_taxpayer) AS buyer_taxpayer,
    seller.taxpayer != '' AND told_seller_link IN ('unknown', 'ambiguous') AS seller_decided,
    buyer.taxpayer != '' AND told_buyer_link IN ('unknown', 'ambiguous') AS buyer_decided
FROM (
    SELECT
        mst, khmshdon, khhdon, shdon, nlap, decision, received_at, total, province, sector,
        toString(seller_link) AS told_seller_link,
        toString(seller_by) AS told_seller_by,
        seller_taxpayer AS told_seller_taxpayer,
        if(buyer_mst != '', buyer_mst, buyer_pseudonym) AS told_buyer_code,
        toString(buyer_link) AS told_buyer_link,
        toString(buyer_by) AS told_buyer_by,
        buyer_taxpayer AS told_buyer_taxpayer
    FROM invoices FINAL
) AS told
LEFT JOIN resolved AS seller ON seller.code = told.mst
LEFT JOIN resolved AS buyer ON buyer.code = told.told_buyer_code;
