//! The history on PostgreSQL. Each migration is one statement, which changes everything or nothing:
//! a block that waits until no other instance migrates, and does nothing if another one has.
//!
//! A function has the version of what it takes, returns and promises in its name, and is replaced
//! only by one that keeps all of that: instances of the previous version call it until they end.
//! Triggers are changed in the same way.

use super::{Migration, integer};
use crate::catalog::{CatalogError, Database, Row, Value};

/// The migrations, oldest first. The first is the schema that SQLite has at its version 17.
pub(super) const HISTORY: &[Migration] = &[
    Migration {
        version: 1,
        name: "schema",
        serves: 1,
        sql: concat!(
            include_str!("postgres/0001/tables.sql"),
            include_str!("postgres/0001/triggers.sql"),
            include_str!("postgres/0001/accounts.sql"),
            include_str!("postgres/0001/commits.sql"),
            include_str!("postgres/0001/images.sql"),
            include_str!("postgres/0001/uploads.sql"),
            include_str!("postgres/0001/sharing.sql"),
            include_str!("postgres/0001/variants.sql"),
        ),
    },
    Migration {
        version: 2,
        name: "rates",
        serves: 1,
        sql: include_str!("postgres/0002/rates.sql"),
    },
];

/// Identifies the lock of migrations among the advisory locks of the database: "darkroom".
const LOCK: i64 = 0x6461_726b_726f_6f6d;

/// Applies a migration.
pub(super) async fn apply(
    database: &dyn Database,
    migration: &Migration,
) -> Result<(), CatalogError> {
    database.query_long(&block(migration), vec![]).await?;
    Ok(())
}

/// The statement of a migration.
fn block(migration: &Migration) -> String {
    let Migration {
        version,
        name,
        serves,
        sql,
    } = migration;
    format!(
        "DO $migration$
        BEGIN
            PERFORM pg_advisory_xact_lock({LOCK});
            CREATE TABLE IF NOT EXISTS schema_migrations (
                version bigint PRIMARY KEY, name text NOT NULL, applied_at bigint NOT NULL,
                serves bigint);
            IF EXISTS (SELECT 1 FROM schema_migrations WHERE version = {version}) THEN
                RETURN;
            END IF;
            {sql}
            INSERT INTO schema_migrations (version, name, applied_at, serves)
            VALUES ({version}, '{name}', darkroom_now(), {serves});
        END $migration$"
    )
}

/// The version of the schema; 0 if there is none. If there is one, that takes one read.
///
/// The functions of the schema rely on it that each of their statements sees what has been
/// committed before: that transactions are `READ COMMITTED`, as they are by default.
pub(super) async fn version(database: &dyn Database) -> Result<i64, CatalogError> {
    let newest = "SELECT coalesce(max(version), 0), current_setting('transaction_isolation')
        FROM schema_migrations";
    let rows = match database.query(newest, vec![]).await {
        Ok(rows) => rows,
        Err(error) => {
            let is_there = "SELECT count(to_regclass('schema_migrations'))";
            return match integer(database, is_there).await? {
                0 => Ok(0),
                _ => Err(error),
            };
        }
    };
    match rows.first().map(|Row(values)| values.as_slice()) {
        Some([Value::Integer(version), Value::Text(isolation)])
            if isolation == "read committed" =>
        {
            Ok(*version)
        }
        Some([_, Value::Text(isolation)]) => Err(CatalogError::database(format!(
            "transactions of the database are {isolation} by default, but must be read committed"
        ))),
        _ => Err(super::damaged()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_migration_ends_its_block() {
        for migration in HISTORY {
            assert!(!migration.sql.contains("$migration$"), "{}", migration.name);
            assert!(
                migration.sql.trim_end().ends_with(';'),
                "{}",
                migration.name
            );
        }
    }
}
