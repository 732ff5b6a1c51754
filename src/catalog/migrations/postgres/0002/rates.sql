-- How much of their allowances clients have used: when each will be full again, in microseconds since
-- 1970 by the clock of the database. A time in the past says as much as no row, so a crash may take the
-- rows with it: writing them needs no log.
CREATE UNLOGGED TABLE rates (
    client           text PRIMARY KEY,
    requests_full_at bigint NOT NULL,
    bytes_full_at    bigint NOT NULL
);
