-- The SHA-256 of what was sent, which is not what is stored where metadata was
-- stripped. NULL in rows from before: then it is that of what is stored.
ALTER TABLE images ADD COLUMN original_sha256 TEXT;
