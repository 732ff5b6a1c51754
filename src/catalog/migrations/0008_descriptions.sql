-- What an owner keeps besides the bytes of files counts as well: tags and metadata, and
-- the answers that are kept under keys, also when their images are gone.

-- The bytes of tags and metadata, as JSON without its outer brackets.
ALTER TABLE images ADD COLUMN described INTEGER GENERATED ALWAYS AS
    (length(CAST(tags AS BLOB)) + length(CAST(metadata AS BLOB)) - 4) VIRTUAL;

-- usage.bytes has them from here on, beside the sizes; totals has the sizes alone. Which
-- of the triggers of an event comes first does not matter.
CREATE TRIGGER IF NOT EXISTS usage_described_insert AFTER INSERT ON images
WHEN NEW.described > 0 BEGIN
    INSERT INTO usage (owner, images, bytes) VALUES (NEW.owner, 0, NEW.described)
    ON CONFLICT (owner) DO UPDATE SET bytes = bytes + NEW.described;
END;

CREATE TRIGGER IF NOT EXISTS usage_described_update AFTER UPDATE OF tags, metadata ON images
WHEN NEW.described <> OLD.described BEGIN
    UPDATE usage SET bytes = bytes + NEW.described - OLD.described WHERE owner = NEW.owner;
END;

CREATE TRIGGER IF NOT EXISTS usage_described_delete AFTER DELETE ON images
WHEN OLD.described > 0 BEGIN
    UPDATE usage SET bytes = bytes - OLD.described WHERE owner = OLD.owner;
END;

-- Whose the images of an answer are. A key that is held has none yet.
ALTER TABLE idempotency_keys ADD COLUMN owner TEXT;

ALTER TABLE idempotency_keys ADD COLUMN charge INTEGER GENERATED ALWAYS AS
    (CASE WHEN owner IS NULL OR answer IS NULL THEN 0
    ELSE length(CAST(scope AS BLOB)) + length(CAST(key AS BLOB))
        + length(CAST(fingerprint AS BLOB)) + length(CAST(answer AS BLOB)) END) VIRTUAL;

-- One row per owner of whom answers are kept. Apart from usage, whose rows go with the
-- last image.
CREATE TABLE IF NOT EXISTS answer_usage (
    owner TEXT PRIMARY KEY,
    bytes INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TRIGGER IF NOT EXISTS images_answer_owner AFTER INSERT ON images
WHEN NEW.answered IS NOT NULL BEGIN
    UPDATE idempotency_keys SET owner = NEW.owner
    WHERE scope = NEW.answered ->> 'scope' AND key = NEW.answered ->> 'key';
END;

CREATE TRIGGER IF NOT EXISTS answer_usage_update
AFTER UPDATE OF owner, fingerprint, answer ON idempotency_keys
WHEN NEW.charge <> OLD.charge BEGIN
    UPDATE answer_usage SET bytes = bytes - OLD.charge WHERE owner = OLD.owner;
    INSERT INTO answer_usage (owner, bytes) SELECT NEW.owner, NEW.charge WHERE NEW.charge > 0
    ON CONFLICT (owner) DO UPDATE SET bytes = bytes + excluded.bytes;
    DELETE FROM answer_usage WHERE owner = OLD.owner AND bytes = 0;
END;

CREATE TRIGGER IF NOT EXISTS answer_usage_delete AFTER DELETE ON idempotency_keys
WHEN OLD.charge > 0 BEGIN
    UPDATE answer_usage SET bytes = bytes - OLD.charge WHERE owner = OLD.owner;
    DELETE FROM answer_usage WHERE owner = OLD.owner AND bytes = 0;
END;

-- Everything counted anew: each statement is correct whenever it runs and however often.
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
