-- All that is kept for an owner can be found and deleted.

CREATE INDEX IF NOT EXISTS idempotency_keys_by_owner ON idempotency_keys (owner)
WHERE owner IS NOT NULL;
