-- Files that arrive piece by piece, until they are images.

-- One row per upload. Its bytes up to received are in upload_segments and, after those, in
-- upload_tails. length is NULL until the client tells it. A complete upload keeps its row for a
-- while, so that its client learns that it is complete.
CREATE TABLE IF NOT EXISTS resumable_uploads (
    id           TEXT PRIMARY KEY,
    owner        TEXT NOT NULL,
    is_partial   INTEGER NOT NULL,
    image_id     TEXT NOT NULL,
    begun_by     TEXT,
    terms        TEXT NOT NULL,
    received     INTEGER NOT NULL,
    length       INTEGER,
    epoch        INTEGER NOT NULL,
    created_at   INTEGER NOT NULL,
    deadline     INTEGER NOT NULL,
    expires_at   INTEGER NOT NULL,
    completed_at INTEGER,
    reserved     INTEGER GENERATED ALWAYS AS (coalesce(length, received)) VIRTUAL
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX IF NOT EXISTS resumable_uploads_by_beginning ON resumable_uploads (begun_by)
WHERE begun_by IS NOT NULL;

CREATE INDEX IF NOT EXISTS resumable_uploads_by_expiry ON resumable_uploads (expires_at);

CREATE INDEX IF NOT EXISTS resumable_uploads_by_owner
ON resumable_uploads (owner, completed_at, created_at, is_partial, reserved);

-- What is stored as blobs. size is a multiple of the length of chunks, so that the last chunk of
-- a segment is as long as the others.
CREATE TABLE IF NOT EXISTS upload_segments (
    upload_id  TEXT NOT NULL,
    start_at   INTEGER NOT NULL,
    blob_id    TEXT NOT NULL,
    size       INTEGER NOT NULL,
    chunk_size INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    PRIMARY KEY (upload_id, start_at)
) STRICT, WITHOUT ROWID;

CREATE INDEX IF NOT EXISTS upload_segments_by_blob ON upload_segments (blob_id);

-- What is shorter than a chunk: the pieces as they arrived, and many short ones as one.
CREATE TABLE IF NOT EXISTS upload_tails (
    upload_id  TEXT NOT NULL,
    start_at   INTEGER NOT NULL,
    bytes      BLOB NOT NULL,
    expires_at INTEGER NOT NULL,
    PRIMARY KEY (upload_id, start_at)
) STRICT, WITHOUT ROWID;

-- Bytes that are added move the offset. expires_at of a piece is for this alone.
CREATE TRIGGER IF NOT EXISTS upload_segments_insert AFTER INSERT ON upload_segments BEGIN
    DELETE FROM upload_tails WHERE upload_id = NEW.upload_id;
    UPDATE resumable_uploads SET received = NEW.start_at + NEW.size, expires_at = NEW.expires_at
    WHERE id = NEW.upload_id;
END;

CREATE TRIGGER IF NOT EXISTS upload_tails_insert AFTER INSERT ON upload_tails BEGIN
    UPDATE resumable_uploads
    SET received = NEW.start_at + length(NEW.bytes), expires_at = NEW.expires_at
    WHERE id = NEW.upload_id;
END;

-- So that each piece adds little, and a tail is read in a few rows.
CREATE TRIGGER IF NOT EXISTS upload_tails_gather AFTER INSERT ON upload_tails
WHEN (SELECT count(*) FROM upload_tails WHERE upload_id = NEW.upload_id) >= 32 BEGIN
    UPDATE upload_tails SET bytes = (
        SELECT unhex(group_concat(hex(bytes), '')) FROM (
            SELECT bytes FROM upload_tails WHERE upload_id = NEW.upload_id ORDER BY start_at))
    WHERE upload_id = NEW.upload_id
        AND start_at = (SELECT min(start_at) FROM upload_tails WHERE upload_id = NEW.upload_id);
    DELETE FROM upload_tails
    WHERE upload_id = NEW.upload_id
        AND start_at > (SELECT min(start_at) FROM upload_tails WHERE upload_id = NEW.upload_id);
END;

-- Nothing refers to the blob of a segment any more.
CREATE TRIGGER IF NOT EXISTS upload_segments_delete AFTER DELETE ON upload_segments BEGIN
    INSERT INTO remains (id, size, chunk_size, since)
    VALUES (OLD.blob_id, OLD.size, OLD.chunk_size, CAST(unixepoch('subsec') * 1000 AS INTEGER))
    ON CONFLICT (id) DO UPDATE SET since = excluded.since;
END;

CREATE TRIGGER IF NOT EXISTS resumable_uploads_delete AFTER DELETE ON resumable_uploads BEGIN
    DELETE FROM upload_segments WHERE upload_id = OLD.id;
    DELETE FROM upload_tails WHERE upload_id = OLD.id;
END;

-- How an upload becomes complete in the statement that commits its image: the image brings a
-- JSON object with the upload, the offset that its last bytes follow, the length, the uploads
-- that it consists of, what is kept of the terms, and the time until which the row is kept.
ALTER TABLE images ADD COLUMN completes TEXT;

-- An upload that has ended, or has been continued by others, commits nothing.
CREATE TRIGGER IF NOT EXISTS images_complete_upload AFTER INSERT ON images
WHEN NEW.completes IS NOT NULL BEGIN
    SELECT RAISE(ABORT, 'resumable_uploads.received has changed') WHERE NOT EXISTS (
        SELECT 1 FROM resumable_uploads
        WHERE id = NEW.completes ->> 'upload' AND received = NEW.completes ->> 'received'
            AND completed_at IS NULL);
    UPDATE resumable_uploads
    SET received = NEW.completes ->> 'length', length = NEW.completes ->> 'length',
        terms = NEW.completes ->> 'terms', completed_at = NEW.created_at, expires_at = NEW.completes ->> 'expires_at'
    WHERE id = NEW.completes ->> 'upload';
    DELETE FROM upload_segments WHERE upload_id = NEW.completes ->> 'upload';
    DELETE FROM upload_tails WHERE upload_id = NEW.completes ->> 'upload';
    DELETE FROM resumable_uploads
    WHERE id IN (SELECT value FROM json_each(NEW.completes, '$.parts'))
        AND id <> NEW.completes ->> 'upload';
    UPDATE images SET completes = NULL WHERE id = NEW.id;
END;
