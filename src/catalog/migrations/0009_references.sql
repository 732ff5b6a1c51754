-- Who refers to a blob: the one place that says so. Statements that ask whether a blob is
-- referred to, how often or by what, ask this view, which costs them nothing: SQLite puts
-- the index of what is behind it in its place. Whatever comes to refer to blobs joins it,
-- under a new name of the view while instances that do not know of it may still serve.

-- One row per reference: the blob, the image on whose account it is, and what the blob has
-- to be by that image's record.
CREATE VIEW IF NOT EXISTS blob_references (blob_id, image_id, owner, sha256, size, chunk_size) AS
SELECT blob_id, id, owner, sha256, size, chunk_size FROM images;
