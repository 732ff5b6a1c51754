-- Derived images that are kept, so that none is made twice while it is used.

-- One row per image and transform, which is in its canonical form. What a download needs is in
-- it, as in a row of images; owner is that of the image. used_at is not exact: it is written
-- seldom.
CREATE TABLE IF NOT EXISTS variants (
    image_id     TEXT NOT NULL,
    transform    TEXT NOT NULL,
    owner        TEXT NOT NULL,
    blob_id      TEXT NOT NULL,
    chunk_size   INTEGER NOT NULL,
    size         INTEGER NOT NULL,
    sha256       TEXT NOT NULL,
    content_type TEXT NOT NULL,
    width        INTEGER NOT NULL,
    height       INTEGER NOT NULL,
    frames       INTEGER NOT NULL,
    created_at   INTEGER NOT NULL,
    used_at      INTEGER NOT NULL,
    PRIMARY KEY (image_id, transform)
) STRICT, WITHOUT ROWID;

CREATE INDEX IF NOT EXISTS variants_by_blob ON variants (blob_id);

CREATE INDEX IF NOT EXISTS variants_by_use ON variants (used_at, image_id, transform, size);

-- One row per variant that is being made: by whom, and until when the others wait for it.
CREATE TABLE IF NOT EXISTS variant_claims (
    image_id   TEXT NOT NULL,
    transform  TEXT NOT NULL,
    claim      TEXT NOT NULL,
    expires_at INTEGER NOT NULL,
    PRIMARY KEY (image_id, transform)
) STRICT, WITHOUT ROWID;

CREATE INDEX IF NOT EXISTS variant_claims_by_expiry ON variant_claims (expires_at);

-- One row per content from which nothing could be derived lately.
CREATE TABLE IF NOT EXISTS failed_sources (
    sha256     TEXT PRIMARY KEY,
    failures   INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX IF NOT EXISTS failed_sources_by_expiry ON failed_sources (expires_at);

-- A variant refers to its blob as an image does.
CREATE TRIGGER IF NOT EXISTS variants_insert AFTER INSERT ON variants BEGIN
    INSERT INTO blobs (id, owner, sha256, size, chunk_size, refs)
    VALUES (NEW.blob_id, NEW.owner, NEW.sha256, NEW.size, NEW.chunk_size, 1)
    ON CONFLICT (id) DO UPDATE SET refs = refs + 1;
    DELETE FROM variant_claims WHERE image_id = NEW.image_id AND transform = NEW.transform;
END;

CREATE TRIGGER IF NOT EXISTS variants_delete AFTER DELETE ON variants BEGIN
    UPDATE blobs
    SET refs = max(refs - 1, 0),
        died_at = CASE WHEN refs <= 1
            THEN coalesce(died_at, CAST(unixepoch('subsec') * 1000 AS INTEGER)) END
    WHERE id = OLD.blob_id;
END;

-- What was made of an image goes with it, and what is being made of it is not kept.
CREATE TRIGGER IF NOT EXISTS images_delete_variants AFTER DELETE ON images BEGIN
    DELETE FROM variants WHERE image_id = OLD.id;
    DELETE FROM variant_claims WHERE image_id = OLD.id;
END;

-- How many variants there are, and the sum of their sizes, apart from what owners keep.
ALTER TABLE totals ADD COLUMN variants INTEGER NOT NULL DEFAULT 0;

ALTER TABLE totals ADD COLUMN variant_bytes INTEGER NOT NULL DEFAULT 0;

CREATE TRIGGER IF NOT EXISTS totals_variant_insert AFTER INSERT ON variants BEGIN
    UPDATE totals SET variants = variants + 1, variant_bytes = variant_bytes + NEW.size;
END;

CREATE TRIGGER IF NOT EXISTS totals_variant_delete AFTER DELETE ON variants BEGIN
    UPDATE totals SET variants = variants - 1, variant_bytes = variant_bytes - OLD.size;
END;

-- Who refers to a blob, variants included: what blob_references is to versions that do not
-- know of them. transform is NULL where the image itself refers to the blob, and has a type
-- because SQLite looks into both parts only if their columns have the same types.
CREATE VIEW IF NOT EXISTS blob_uses (blob_id, image_id, transform, owner, sha256, size, chunk_size) AS
SELECT blob_id, id, CAST(NULL AS TEXT), owner, sha256, size, chunk_size FROM images
UNION ALL
SELECT blob_id, image_id, transform, owner, sha256, size, chunk_size FROM variants;
