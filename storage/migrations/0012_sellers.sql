-- An invoice that names another seller than its package (KEY-01) is linked, and decided about, by the code that it names.

ALTER TABLE invoices
    ADD COLUMN IF NOT EXISTS seller_code String DEFAULT mst
        COMMENT 'NBan/MST as a canonical tax code, by which the seller was looked up: another one than mst only with KEY-01; empty if it is no code';

DROP VIEW IF EXISTS invoice_links;

CREATE VIEW IF NOT EXISTS invoice_links AS
WITH resolved AS (
    SELECT code, argMax(taxpayer, decided_at) AS taxpayer FROM link_resolutions GROUP BY code HAVING taxpayer != ''
)
SELECT
    told.mst AS mst, khmshdon, khhdon, shdon, nlap, decision, received_at, total, currency, province, sector,
    told.told_seller_code AS seller_code,
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
        mst, khmshdon, khhdon, shdon, nlap, decision, received_at, total, currency, province, sector,
        seller_code AS told_seller_code,
        seller_by = 'resolution' AS seller_was_decided,
        buyer_by = 'resolution' AS buyer_was_decided,
        if(seller_was_decided, 'unknown', toString(seller_link)) AS told_seller_link,
        if(seller_was_decided, '', toString(seller_by)) AS told_seller_by,
        if(seller_was_decided, '', seller_taxpayer) AS told_seller_taxpayer,
        if(buyer_mst != '', buyer_mst, buyer_pseudonym) AS told_buyer_code,
        if(buyer_was_decided, 'unknown', toString(buyer_link)) AS told_buyer_link,
        if(buyer_was_decided, '', toString(buyer_by)) AS told_buyer_by,
        if(buyer_was_decided, '', buyer_taxpayer) AS told_buyer_taxpayer
    FROM invoices FINAL
) AS told
LEFT JOIN resolved AS seller ON seller.code = told.told_seller_code
LEFT JOIN resolved AS buyer ON buyer.code = told.told_buyer_code;
