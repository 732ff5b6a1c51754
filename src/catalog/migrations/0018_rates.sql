-- How much of their allowances clients have used: when each will be full again, in microseconds since
-- 1970 by the clock of the database. A time in the past says as much as no row.
CREATE TABLE IF NOT EXISTS rates (
    client           TEXT PRIMARY KEY,
    requests_full_at INTEGER NOT NULL,
    bytes_full_at    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
