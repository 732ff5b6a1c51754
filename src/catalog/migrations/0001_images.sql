-- Images, the blobs that hold their bytes, the leases under which blobs are
-- written, and the upload tickets that were used. Statements are separated by blank lines. Every statement must be safe
-- to run twice and by several instances at once: nothing spans two of them.

-- One row per image: all that a download needs, so that it reads one row.
-- Times are milliseconds since the Unix epoch. sha256 is in lower-case hex, tags
-- a JSON array, metadata a JSON object.
CREATE TABLE IF NOT EXISTS images (
    id           TEXT PRIMARY KEY,
    owner        TEXT NOT NULL,
    blob_id      TEXT NOT NULL,
    chunk_size   INTEGER NOT NULL,
    size         INTEGER NOT NULL,
    sha256       TEXT NOT NULL,
    content_type TEXT NOT NULL,
    width        INTEGER NOT NULL,
    height       INTEGER NOT NULL,
    frames       INTEGER NOT NULL,
    filename     TEXT,
    visibility   TEXT NOT NULL CHECK (visibility IN ('private', 'public')),
    tags         TEXT NOT NULL,
    metadata     TEXT NOT NULL,
    link_epoch   INTEGER NOT NULL DEFAULT 0,
    ticket       TEXT,
    created_at   INTEGER NOT NULL,
    updated_at   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX IF NOT EXISTS images_by_owner ON images (owner, created_at, id);

CREATE INDEX IF NOT EXISTS images_by_time ON images (created_at, id);

-- One row per blob, kept by the triggers below. A blob that no image refers to
-- is dead: it is never referred to again, and its row stays as the record of
-- what has to be deleted.
CREATE TABLE IF NOT EXISTS blobs (
    id         TEXT PRIMARY KEY,
    owner      TEXT NOT NULL,
    sha256     TEXT NOT NULL,
    size       INTEGER NOT NULL,
    chunk_size INTEGER NOT NULL,
    refs       INTEGER NOT NULL CHECK (refs >= 0),
    died_at    INTEGER
) STRICT, WITHOUT ROWID;

-- Equal content of one owner is one blob.
CREATE UNIQUE INDEX IF NOT EXISTS blobs_by_content ON blobs (owner, sha256) WHERE refs > 0;

CREATE INDEX IF NOT EXISTS blobs_dead ON blobs (died_at) WHERE refs = 0;

-- One row per set of blob ids that an instance may write under. What was written
-- but never committed is found from here.
CREATE TABLE IF NOT EXISTS leases (
    id         TEXT PRIMARY KEY,
    capacity   INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX IF NOT EXISTS leases_by_expiry ON leases (expires_at);

-- The upload tickets that were used. An image that comes by a ticket puts its id
-- here, and fails if it is here already.
CREATE TABLE IF NOT EXISTS spent_tickets (
    id       TEXT PRIMARY KEY,
    spent_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX IF NOT EXISTS spent_tickets_by_time ON spent_tickets (spent_at);

CREATE TRIGGER IF NOT EXISTS images_ticket AFTER INSERT ON images WHEN NEW.ticket IS NOT NULL BEGIN
    INSERT INTO spent_tickets (id, spent_at) VALUES (NEW.ticket, NEW.created_at);
END;

CREATE TRIGGER IF NOT EXISTS images_insert AFTER INSERT ON images BEGIN
    INSERT INTO blobs (id, owner, sha256, size, chunk_size, refs)
    VALUES (NEW.blob_id, NEW.owner, NEW.sha256, NEW.size, NEW.chunk_size, 1)
    ON CONFLICT (id) DO UPDATE SET refs = refs + 1;
END;

CREATE TRIGGER IF NOT EXISTS images_delete AFTER DELETE ON images BEGIN
    UPDATE blobs
    SET refs = refs - 1,
        died_at = CASE WHEN refs = 1 THEN CAST(unixepoch('subsec') * 1000 AS INTEGER) END
    WHERE id = OLD.blob_id;
END;
