-- Signed URLs with a name, so that they can be listed, and revoked one by one.

-- One row per link, until it is revoked or has expired. What terms holds is for those who write
-- them to know.
CREATE TABLE IF NOT EXISTS links (
    id         TEXT PRIMARY KEY,
    image_id   TEXT NOT NULL,
    name       TEXT NOT NULL,
    terms      TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX IF NOT EXISTS links_by_image ON links (image_id, created_at, id, expires_at);

CREATE INDEX IF NOT EXISTS links_by_expiry ON links (expires_at);

-- Links go with their image, and with all links of the image.
CREATE TRIGGER IF NOT EXISTS images_delete_links AFTER DELETE ON images BEGIN
    DELETE FROM links WHERE image_id = OLD.id;
END;

CREATE TRIGGER IF NOT EXISTS images_revoke_links AFTER UPDATE OF link_epoch ON images
WHEN NEW.link_epoch <> OLD.link_epoch BEGIN
    DELETE FROM links WHERE image_id = NEW.id;
END;
