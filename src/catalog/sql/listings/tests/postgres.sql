-- Images numbered from :first to :last, as in the benchmark of lists: sizes and names are in no
-- order, and a few images have a rare type, width, name and tag.
INSERT INTO images (id, owner, blob_id, chunk_size, size, sha256, content_type, width, height,
    frames, filename, visibility, tags, metadata, created_at, updated_at)
SELECT lpad(to_hex(created_at >> 16), 8, '0') || '-' || lpad(to_hex(created_at & 65535), 4, '0')
        || '-7000-8000-' || lpad(to_hex(n), 12, '0'),
    CASE WHEN n % 10 = 0 THEN 'other' ELSE 'bench' END, 'bench.' || n, 393216,
    1000 + noise % 10000000, lpad(to_hex(n), 64, '0'),
    CASE WHEN is_rare THEN 'image/avif' WHEN n % 3 = 0 THEN 'image/gif' ELSE 'image/png' END,
    CASE WHEN is_rare THEN 9999 ELSE 100 + noise % 4000 END, 100 + noise % 3000, 1,
    CASE WHEN is_rare THEN 'needle-' ELSE 'image-' END || lpad(to_hex(noise), 8, '0') || '.png',
    CASE WHEN n % 4 = 0 THEN 'public' ELSE 'private' END,
    CASE WHEN n < 1000 AND n % 100 = 77 THEN '["all","rare"]'
        WHEN n % 2 = 0 THEN '["all","half"]' ELSE '["all"]' END,
    '{}', created_at, created_at
FROM (
    SELECT n, 1700000000000 + n * 10 AS created_at, n * 2654435761 % 4294967296 AS noise,
        n % 10000 = 77 AS is_rare
    FROM generate_series(CAST(:first AS bigint), CAST(:last AS bigint)) AS n) AS numbered
