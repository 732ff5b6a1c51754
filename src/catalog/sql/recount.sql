-- Recounts what triggers count. Each statement counts everything of its kind, so it is
-- correct whenever it runs and however often, even while the triggers are active.
--
-- The newest migration that changes what is counted ends with this file; earlier ones
-- contain the count of their time. Owners who are counted but keep nothing end up with 0.

INSERT INTO usage (owner, images, bytes)
SELECT owner, sum(images), sum(bytes) FROM (
    SELECT owner, 1 AS images, size + described AS bytes FROM images
    UNION ALL SELECT owner, 0, 0 FROM usage)
WHERE true GROUP BY owner
ON CONFLICT (owner) DO UPDATE SET images = excluded.images, bytes = excluded.bytes;

DELETE FROM usage WHERE images = 0;

INSERT INTO answer_usage (owner, bytes)
SELECT owner, sum(bytes) FROM (
    SELECT owner, charge AS bytes FROM idempotency_keys WHERE owner IS NOT NULL
    UNION ALL SELECT owner, 0 FROM answer_usage)
WHERE true GROUP BY owner
ON CONFLICT (owner) DO UPDATE SET bytes = excluded.bytes;

DELETE FROM answer_usage WHERE bytes = 0;

INSERT INTO totals (id, images, bytes, live_blobs, live_bytes, dead_blobs, dead_bytes, leases,
    variants, variant_bytes)
SELECT 1, (SELECT count(*) FROM images), (SELECT coalesce(sum(size), 0) FROM images),
    count(*) FILTER (WHERE refs > 0), coalesce(sum(size) FILTER (WHERE refs > 0), 0),
    count(*) FILTER (WHERE refs = 0), coalesce(sum(size) FILTER (WHERE refs = 0), 0),
    (SELECT count(*) FROM leases),
    (SELECT count(*) FROM variants), (SELECT coalesce(sum(size), 0) FROM variants)
FROM blobs WHERE true
ON CONFLICT (id) DO UPDATE SET images = excluded.images, bytes = excluded.bytes,
    live_blobs = excluded.live_blobs, live_bytes = excluded.live_bytes,
    dead_blobs = excluded.dead_blobs, dead_bytes = excluded.dead_bytes,
    leases = excluded.leases, variants = excluded.variants, variant_bytes = excluded.variant_bytes;
