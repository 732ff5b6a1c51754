-- What the audit and the sweep need to tell which images a blob has, whatever its
-- count says, and to give an image another blob of equal content.

CREATE INDEX IF NOT EXISTS images_by_blob ON images (blob_id);

CREATE TRIGGER IF NOT EXISTS images_move AFTER UPDATE OF blob_id ON images
WHEN NEW.blob_id <> OLD.blob_id BEGIN
    UPDATE blobs SET refs = refs + 1, died_at = NULL WHERE id = NEW.blob_id;
    UPDATE blobs
    SET refs = max(refs - 1, 0),
        died_at = CASE WHEN refs <= 1 THEN CAST(unixepoch('subsec') * 1000 AS INTEGER) END
    WHERE id = OLD.blob_id;
END;

CREATE TRIGGER IF NOT EXISTS totals_blob_revival AFTER UPDATE OF refs ON blobs
WHEN OLD.refs = 0 AND NEW.refs > 0 BEGIN
    UPDATE totals
    SET live_blobs = live_blobs + 1, live_bytes = live_bytes + OLD.size,
        dead_blobs = dead_blobs - 1, dead_bytes = dead_bytes - OLD.size;
END;
