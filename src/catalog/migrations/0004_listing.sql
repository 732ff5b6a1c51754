-- What lists are read from: an index for each order, of one owner and of everybody,
-- and the tags as rows of their own.

-- What lists are sorted by where they are sorted by file name: the name, or nothing
-- where there is none. A column of its own because SQLite compares (name, id) with a
-- place by index only where neither is NULL or an expression.
ALTER TABLE images ADD COLUMN sort_name TEXT NOT NULL DEFAULT '';

-- Whoever writes a file name writes the other too; versions that do not know of it
-- are helped.
CREATE TRIGGER IF NOT EXISTS images_insert_sort_name AFTER INSERT ON images
WHEN NEW.sort_name IS NOT coalesce(NEW.filename, '') BEGIN
    UPDATE images SET sort_name = coalesce(filename, '') WHERE id = NEW.id;
END;

CREATE TRIGGER IF NOT EXISTS images_update_sort_name AFTER UPDATE OF filename ON images
WHEN NEW.sort_name IS NOT coalesce(NEW.filename, '') BEGIN
    UPDATE images SET sort_name = coalesce(filename, '') WHERE id = NEW.id;
END;

UPDATE images SET sort_name = filename WHERE filename IS NOT NULL AND sort_name <> filename;

-- The columns after the id are what filters look at, so that rows which do not match
-- are passed over within the index. Images by time lie beside each other in the table
-- itself: images_by_owner and images_by_time need none.
CREATE INDEX IF NOT EXISTS images_by_owner_size ON images
    (owner, size, id, content_type, visibility, width, height, created_at, sort_name);

CREATE INDEX IF NOT EXISTS images_by_owner_name ON images
    (owner, sort_name, id, content_type, visibility, width, height, created_at, size);

CREATE INDEX IF NOT EXISTS images_by_size ON images
    (size, id, content_type, visibility, width, height, created_at, sort_name);

CREATE INDEX IF NOT EXISTS images_by_name ON images
    (sort_name, id, content_type, visibility, width, height, created_at, size);

-- One row per image and tag, kept by the triggers below. It has what its image is
-- found and sorted by under the same names, so that lists of a tag are read as lists
-- of all are.
CREATE TABLE IF NOT EXISTS image_tags (
    id         TEXT NOT NULL,
    tag        TEXT NOT NULL,
    owner      TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    size       INTEGER NOT NULL,
    sort_name  TEXT NOT NULL,
    PRIMARY KEY (id, tag)
) STRICT, WITHOUT ROWID;

CREATE INDEX IF NOT EXISTS image_tags_by_owner_time ON image_tags (owner, tag, created_at, id);

CREATE INDEX IF NOT EXISTS image_tags_by_owner_size ON image_tags (owner, tag, size, id);

CREATE INDEX IF NOT EXISTS image_tags_by_owner_name ON image_tags (owner, tag, sort_name, id);

CREATE INDEX IF NOT EXISTS image_tags_by_time ON image_tags (tag, created_at, id);

CREATE INDEX IF NOT EXISTS image_tags_by_size ON image_tags (tag, size, id);

CREATE INDEX IF NOT EXISTS image_tags_by_name ON image_tags (tag, sort_name, id);

CREATE TRIGGER IF NOT EXISTS images_insert_tags AFTER INSERT ON images WHEN NEW.tags <> '[]' BEGIN
    INSERT INTO image_tags (id, tag, owner, created_at, size, sort_name)
    SELECT DISTINCT NEW.id, value, NEW.owner, NEW.created_at, NEW.size, coalesce(NEW.filename, '')
    FROM json_each(NEW.tags);
END;

CREATE TRIGGER IF NOT EXISTS images_update_tags AFTER UPDATE OF tags, filename ON images
WHEN OLD.tags <> NEW.tags OR OLD.filename IS NOT NEW.filename BEGIN
    DELETE FROM image_tags WHERE id = NEW.id;
    INSERT INTO image_tags (id, tag, owner, created_at, size, sort_name)
    SELECT DISTINCT NEW.id, value, NEW.owner, NEW.created_at, NEW.size, coalesce(NEW.filename, '')
    FROM json_each(NEW.tags);
END;

CREATE TRIGGER IF NOT EXISTS images_delete_tags AFTER DELETE ON images WHEN OLD.tags <> '[]' BEGIN
    DELETE FROM image_tags WHERE id = OLD.id;
END;

-- The tags of images from before.
INSERT INTO image_tags (id, tag, owner, created_at, size, sort_name)
SELECT DISTINCT images.id, value, owner, created_at, size, coalesce(filename, '')
FROM images, json_each(images.tags) WHERE images.tags <> '[]'
ON CONFLICT (id, tag) DO NOTHING;
