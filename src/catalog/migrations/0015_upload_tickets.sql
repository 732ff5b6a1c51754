-- Upload tickets, so that they can be listed, counted and revoked.

-- One row per ticket, from its creation until a while after its end. What terms holds is for those
-- who write them to know. The tickets of an erased owner are revoked, and have neither owner nor
-- terms.
CREATE TABLE IF NOT EXISTS upload_tickets (
    id          TEXT PRIMARY KEY,
    owner       TEXT NOT NULL,
    name        TEXT,
    terms       TEXT NOT NULL,
    max_uploads INTEGER NOT NULL,
    uploads     INTEGER NOT NULL DEFAULT 0,
    created_at  INTEGER NOT NULL,
    expires_at  INTEGER NOT NULL,
    revoked_at  INTEGER
) STRICT, WITHOUT ROWID;

-- The columns after the id are what lists are filtered by.
CREATE INDEX IF NOT EXISTS upload_tickets_by_owner ON upload_tickets
    (owner, created_at, id, revoked_at, uploads, max_uploads, expires_at);

CREATE INDEX IF NOT EXISTS upload_tickets_by_time ON upload_tickets
    (created_at, id, owner, revoked_at, uploads, max_uploads, expires_at);

CREATE INDEX IF NOT EXISTS upload_tickets_by_expiry ON upload_tickets (expires_at);

CREATE INDEX IF NOT EXISTS upload_tickets_open ON upload_tickets (owner, expires_at)
WHERE revoked_at IS NULL AND uploads < max_uploads;

-- An image puts its ticket into spent_tickets, which holds each only once. A ticket with a row above
-- is counted there instead. Versions that know only spent_tickets find its column in the messages.
CREATE TRIGGER IF NOT EXISTS spent_tickets_recorded BEFORE INSERT ON spent_tickets
WHEN EXISTS (SELECT 1 FROM upload_tickets WHERE id = NEW.id) BEGIN
    SELECT RAISE(ABORT, 'upload_tickets.revoked_at is set, instead of spent_tickets.id')
    FROM upload_tickets WHERE id = NEW.id AND revoked_at IS NOT NULL;
    SELECT RAISE(ABORT, 'spent_tickets.id has been used as often as it may be')
    FROM upload_tickets WHERE id = NEW.id AND uploads >= max_uploads;
    UPDATE upload_tickets SET uploads = uploads + 1 WHERE id = NEW.id;
    SELECT RAISE(IGNORE);
END;
