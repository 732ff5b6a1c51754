-- Recounts what triggers count. A statement sees what is counted and the counts as of one moment,
-- so it adds the difference: what others count meanwhile stays counted, and nobody waits.

INSERT INTO usage (owner, images, bytes)
SELECT coalesce(kept.owner, found.owner),
    coalesce(found.images, 0) - coalesce(kept.images, 0),
    coalesce(found.bytes, 0) - coalesce(kept.bytes, 0)
FROM usage AS kept FULL JOIN (
    SELECT owner, count(*) AS images, sum(size + described)::bigint AS bytes
    FROM images GROUP BY owner) AS found
    ON found.owner = kept.owner
WHERE kept.images IS DISTINCT FROM found.images OR kept.bytes IS DISTINCT FROM found.bytes
ORDER BY 1
ON CONFLICT (owner) DO UPDATE
SET images = usage.images + excluded.images, bytes = usage.bytes + excluded.bytes;

DELETE FROM usage WHERE images = 0;

INSERT INTO answer_usage (owner, bytes)
SELECT coalesce(kept.owner, found.owner), coalesce(found.bytes, 0) - coalesce(kept.bytes, 0)
FROM answer_usage AS kept FULL JOIN (
    SELECT owner, sum(charge)::bigint AS bytes FROM idempotency_keys
    WHERE charge > 0 GROUP BY owner) AS found
    ON found.owner = kept.owner
WHERE kept.bytes IS DISTINCT FROM found.bytes
ORDER BY 1
ON CONFLICT (owner) DO UPDATE SET bytes = answer_usage.bytes + excluded.bytes;

DELETE FROM answer_usage WHERE bytes = 0;

UPDATE totals
SET images = totals.images + missing.images, bytes = totals.bytes + missing.bytes,
    live_blobs = totals.live_blobs + missing.live_blobs,
    live_bytes = totals.live_bytes + missing.live_bytes,
    dead_blobs = totals.dead_blobs + missing.dead_blobs,
    dead_bytes = totals.dead_bytes + missing.dead_bytes,
    leases = totals.leases + missing.leases,
    variants = totals.variants + missing.variants,
    variant_bytes = totals.variant_bytes + missing.variant_bytes
FROM (
    SELECT (SELECT count(*) FROM images) - sum(kept.images) AS images,
        (SELECT coalesce(sum(size), 0) FROM images) - sum(kept.bytes) AS bytes,
        (SELECT count(*) FROM blobs WHERE refs > 0) - sum(kept.live_blobs) AS live_blobs,
        (SELECT coalesce(sum(size), 0) FROM blobs WHERE refs > 0) - sum(kept.live_bytes)
            AS live_bytes,
        (SELECT count(*) FROM blobs WHERE refs = 0) - sum(kept.dead_blobs) AS dead_blobs,
        (SELECT coalesce(sum(size), 0) FROM blobs WHERE refs = 0) - sum(kept.dead_bytes)
            AS dead_bytes,
        (SELECT count(*) FROM leases) - sum(kept.leases) AS leases,
        (SELECT count(*) FROM variants) - sum(kept.variants) AS variants,
        (SELECT coalesce(sum(size), 0) FROM variants) - sum(kept.variant_bytes) AS variant_bytes
    FROM totals AS kept) AS missing
WHERE totals.id = 0;
