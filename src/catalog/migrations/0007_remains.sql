-- Blobs that nothing refers to any more, and whose bytes are deleted once more after a
-- while: a write that a store had been slow over may come after the first deletion.

-- One row per blob: its chunks as far as any may have been written. What an upload gave
-- up comes here by itself, a swept blob by the trigger below. Times are the database's.
CREATE TABLE IF NOT EXISTS remains (
    id         TEXT PRIMARY KEY,
    size       INTEGER NOT NULL,
    chunk_size INTEGER NOT NULL,
    since      INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX IF NOT EXISTS remains_by_time ON remains (since);

CREATE TRIGGER IF NOT EXISTS remains_of_blob AFTER DELETE ON blobs BEGIN
    INSERT INTO remains (id, size, chunk_size, since)
    VALUES (OLD.id, OLD.size, OLD.chunk_size, CAST(unixepoch('subsec') * 1000 AS INTEGER))
    ON CONFLICT (id) DO UPDATE SET since = excluded.since;
END;
