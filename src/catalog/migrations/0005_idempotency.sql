-- Answers to uploads that named an Idempotency-Key, so that a repeat gets the first.

-- One row per key, apart for each scope: an owner, or an upload ticket. While the
-- first request is under way, claim tells it from others and there is no answer.
-- What the fingerprint and the answer hold is for those who write them to know.
CREATE TABLE IF NOT EXISTS idempotency_keys (
    scope       TEXT NOT NULL,
    key         TEXT NOT NULL,
    claim       TEXT NOT NULL,
    fingerprint TEXT,
    answer      TEXT,
    expires_at  INTEGER NOT NULL,
    PRIMARY KEY (scope, key)
) STRICT, WITHOUT ROWID;

CREATE INDEX IF NOT EXISTS idempotency_keys_by_expiry ON idempotency_keys (expires_at);

-- How an answer comes into the table above in the statement that commits its images:
-- the first of them brings it, as a JSON object with members like the columns.
ALTER TABLE images ADD COLUMN answered TEXT;

-- A claim that was lost to another request commits nothing.
CREATE TRIGGER IF NOT EXISTS images_answer AFTER INSERT ON images WHEN NEW.answered IS NOT NULL BEGIN
    SELECT RAISE(ABORT, 'idempotency_keys.claim was lost') WHERE NOT EXISTS (
        SELECT 1 FROM idempotency_keys
        WHERE scope = NEW.answered ->> 'scope' AND key = NEW.answered ->> 'key'
            AND claim = NEW.answered ->> 'claim' AND answer IS NULL);
    UPDATE idempotency_keys
    SET fingerprint = NEW.answered ->> 'fingerprint', answer = NEW.answered ->> 'answer',
        expires_at = NEW.answered ->> 'expires_at'
    WHERE scope = NEW.answered ->> 'scope' AND key = NEW.answered ->> 'key';
    UPDATE images SET answered = NULL WHERE id = NEW.id;
END;
