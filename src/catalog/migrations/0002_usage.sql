-- What each owner keeps, and what all keep together: counted by triggers, so that
-- neither quotas nor metrics have to read what they count.

-- One row per owner who keeps something. Bytes are the sum of the sizes of the
-- owner's images, also of those that share a blob.
CREATE TABLE IF NOT EXISTS usage (
    owner  TEXT PRIMARY KEY,
    images INTEGER NOT NULL,
    bytes  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX IF NOT EXISTS usage_by_bytes ON usage (bytes);

-- A single row. Images and their bytes as in usage; blobs and theirs as they are
-- stored.
CREATE TABLE IF NOT EXISTS totals (
    id         INTEGER PRIMARY KEY CHECK (id = 1),
    images     INTEGER NOT NULL,
    bytes      INTEGER NOT NULL,
    live_blobs INTEGER NOT NULL,
    live_bytes INTEGER NOT NULL,
    dead_blobs INTEGER NOT NULL,
    dead_bytes INTEGER NOT NULL,
    leases     INTEGER NOT NULL
) STRICT;

CREATE TRIGGER IF NOT EXISTS usage_image_insert AFTER INSERT ON images BEGIN
    INSERT INTO usage (owner, images, bytes) VALUES (NEW.owner, 1, NEW.size)
    ON CONFLICT (owner) DO UPDATE SET images = images + 1, bytes = bytes + NEW.size;
    UPDATE totals SET images = images + 1, bytes = bytes + NEW.size;
END;

CREATE TRIGGER IF NOT EXISTS usage_image_delete AFTER DELETE ON images BEGIN
    UPDATE usage SET images = images - 1, bytes = bytes - OLD.size WHERE owner = OLD.owner;
    DELETE FROM usage WHERE owner = OLD.owner AND images = 0;
    UPDATE totals SET images = images - 1, bytes = bytes - OLD.size;
END;

CREATE TRIGGER IF NOT EXISTS totals_blob_insert AFTER INSERT ON blobs BEGIN
    UPDATE totals
    SET live_blobs = live_blobs + (NEW.refs > 0), live_bytes = live_bytes + (NEW.refs > 0) * NEW.size,
        dead_blobs = dead_blobs + (NEW.refs = 0), dead_bytes = dead_bytes + (NEW.refs = 0) * NEW.size;
END;

CREATE TRIGGER IF NOT EXISTS totals_blob_death AFTER UPDATE OF refs ON blobs
WHEN OLD.refs > 0 AND NEW.refs = 0 BEGIN
    UPDATE totals
    SET live_blobs = live_blobs - 1, live_bytes = live_bytes - OLD.size,
        dead_blobs = dead_blobs + 1, dead_bytes = dead_bytes + OLD.size;
END;

CREATE TRIGGER IF NOT EXISTS totals_blob_delete AFTER DELETE ON blobs BEGIN
    UPDATE totals
    SET live_blobs = live_blobs - (OLD.refs > 0), live_bytes = live_bytes - (OLD.refs > 0) * OLD.size,
        dead_blobs = dead_blobs - (OLD.refs = 0), dead_bytes = dead_bytes - (OLD.refs = 0) * OLD.size;
END;

CREATE TRIGGER IF NOT EXISTS totals_lease_insert AFTER INSERT ON leases BEGIN
    UPDATE totals SET leases = leases + 1;
END;

CREATE TRIGGER IF NOT EXISTS totals_lease_delete AFTER DELETE ON leases BEGIN
    UPDATE totals SET leases = leases - 1;
END;

-- What was there before the triggers. Each of these counts everything anew in one
-- statement, so that it is right whenever it runs and however often; from then on
-- the triggers keep it so. Owners who are counted and keep nothing come to 0.
INSERT INTO usage (owner, images, bytes)
SELECT owner, sum(images), sum(bytes) FROM (
    SELECT owner, 1 AS images, size AS bytes FROM images
    UNION ALL SELECT owner, 0, 0 FROM usage)
WHERE true GROUP BY owner
ON CONFLICT (owner) DO UPDATE SET images = excluded.images, bytes = excluded.bytes;

DELETE FROM usage WHERE images = 0;

INSERT INTO totals (id, images, bytes, live_blobs, live_bytes, dead_blobs, dead_bytes, leases)
SELECT 1, (SELECT count(*) FROM images), (SELECT coalesce(sum(size), 0) FROM images),
    count(*) FILTER (WHERE refs > 0), coalesce(sum(size) FILTER (WHERE refs > 0), 0),
    count(*) FILTER (WHERE refs = 0), coalesce(sum(size) FILTER (WHERE refs = 0), 0),
    (SELECT count(*) FROM leases)
FROM blobs WHERE true
ON CONFLICT (id) DO UPDATE SET images = excluded.images, bytes = excluded.bytes,
    live_blobs = excluded.live_blobs, live_bytes = excluded.live_bytes,
    dead_blobs = excluded.dead_blobs, dead_bytes = excluded.dead_bytes,
    leases = excluded.leases;
