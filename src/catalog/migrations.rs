//! The history of the schema: ordered SQL files, each applied once.
//!
//! Many instances may start on a new database together, and no lock spans two
//! statements. Therefore each statement is safe to run twice, or concurrently with
//! itself (`IF NOT EXISTS` and the like), and a migration is recorded after its last
//! statement: one that is interrupted or overtaken is repeated without harm. `ADD COLUMN`
//! has no `IF NOT EXISTS`: if the column already exists, that counts as success.
//!
//! Instances of the previous version may still be serving meanwhile, so a migration only
//! adds: columns with a default, tables, indexes, and triggers under new names. A trigger
//! that was dropped and created again would miss what is written in between.

use super::sql::Conflict;
use super::{CatalogError, Database, Value};

/// A file of statements, separated by blank lines.
struct Migration {
    version: i64,
    name: &'static str,
    sql: &'static str,
}

const MIGRATIONS: &[Migration] = &[
    Migration {
        version: 1,
        name: "images",
        sql: include_str!("migrations/0001_images.sql"),
    },
    Migration {
        version: 2,
        name: "usage",
        sql: include_str!("migrations/0002_usage.sql"),
    },
    Migration {
        version: 3,
        name: "original_sha256",
        sql: include_str!("migrations/0003_original_sha256.sql"),
    },
    Migration {
        version: 4,
        name: "listing",
        sql: include_str!("migrations/0004_listing.sql"),
    },
    Migration {
        version: 5,
        name: "idempotency",
        sql: include_str!("migrations/0005_idempotency.sql"),
    },
    Migration {
        version: 6,
        name: "audit",
        sql: include_str!("migrations/0006_audit.sql"),
    },
    Migration {
        version: 7,
        name: "remains",
        sql: include_str!("migrations/0007_remains.sql"),
    },
    Migration {
        version: 8,
        name: "descriptions",
        sql: include_str!("migrations/0008_descriptions.sql"),
    },
    Migration {
        version: 9,
        name: "references",
        sql: include_str!("migrations/0009_references.sql"),
    },
    Migration {
        version: 10,
        name: "erasure",
        sql: include_str!("migrations/0010_erasure.sql"),
    },
    Migration {
        version: 11,
        name: "tickets",
        sql: include_str!("migrations/0011_tickets.sql"),
    },
    Migration {
        version: 12,
        name: "variants",
        sql: concat!(
            include_str!("migrations/0012_variants.sql"),
            "\n",
            include_str!("sql/recount.sql")
        ),
    },
    Migration {
        version: 13,
        name: "traits",
        sql: include_str!("migrations/0013_traits.sql"),
    },
    Migration {
        version: 14,
        name: "resumables",
        sql: include_str!("migrations/0014_resumables.sql"),
    },
    Migration {
        version: 15,
        name: "upload_tickets",
        sql: include_str!("migrations/0015_upload_tickets.sql"),
    },
    Migration {
        version: 16,
        name: "links",
        sql: include_str!("migrations/0016_links.sql"),
    },
    Migration {
        version: 17,
        name: "rates",
        sql: include_str!("migrations/0017_rates.sql"),
    },
];

/// The statements of a file.
pub(super) fn statements(sql: &str) -> impl Iterator<Item = &str> {
    let is_sql = |text: &&str| {
        text.lines()
            .any(|line| !line.is_empty() && !line.starts_with("--"))
    };
    sql.split("\n\n").map(str::trim).filter(is_sql)
}

/// Migrates the schema to this version. If it is current, that takes one read.
pub async fn migrate(database: &dyn Database) -> Result<(), CatalogError> {
    let current = current_version(database).await?;
    if current == 0 {
        // Readers can then continue while a writer commits, and a commit is one sync instead
        // of three. The mode is stored in the file; databases that are not a file refuse it,
        // which is fine.
        let _ = database.query("PRAGMA journal_mode = WAL", vec![]).await;
    }
    for migration in MIGRATIONS
        .iter()
        .filter(|migration| migration.version > current)
    {
        for statement in statements(migration.sql) {
            apply(database, statement).await?;
        }
        let record = "INSERT INTO schema_migrations (version, name, applied_at)
            VALUES (?1, ?2, CAST(unixepoch('subsec') * 1000 AS INTEGER))
            ON CONFLICT (version) DO NOTHING";
        let parameters = vec![migration.version.into(), migration.name.into()];
        database.query(record, parameters).await?;
    }
    Ok(())
}

async fn apply(database: &dyn Database, statement: &str) -> Result<(), CatalogError> {
    match database.query_long(statement, vec![]).await {
        Err(error) if Conflict::of(&error) == Some(Conflict::ColumnExists) => Ok(()),
        result => result.map(|_| ()),
    }
}

async fn current_version(database: &dyn Database) -> Result<i64, CatalogError> {
    let exists = "SELECT count(*) FROM sqlite_schema WHERE name = 'schema_migrations'";
    if integer(database, exists).await? == 0 {
        let create = "CREATE TABLE IF NOT EXISTS schema_migrations (
            version INTEGER PRIMARY KEY, name TEXT NOT NULL, applied_at INTEGER NOT NULL) STRICT";
        database.query(create, vec![]).await?;
    }
    integer(
        database,
        "SELECT coalesce(max(version), 0) FROM schema_migrations",
    )
    .await
}

async fn integer(database: &dyn Database, sql: &'static str) -> Result<i64, CatalogError> {
    let rows = database.query(sql, vec![]).await?;
    match rows.first().and_then(|row| row.0.first()) {
        Some(Value::Integer(value)) => Ok(*value),
        _ => Err(CatalogError::Damaged {
            table: "schema_migrations",
            column: 0,
        }),
    }
}

/// How many migrations there are.
#[cfg(all(test, not(target_family = "wasm")))]
pub(super) fn count() -> i64 {
    MIGRATIONS
        .iter()
        .map(|migration| migration.version)
        .max()
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The previous version serves while the next one migrates, and possibly after that.
    #[test]
    fn migrations_only_add() {
        const ADDITIONS: [&str; 7] = [
            "CREATE TABLE IF NOT EXISTS ",
            "CREATE INDEX IF NOT EXISTS ",
            "CREATE UNIQUE INDEX IF NOT EXISTS ",
            "CREATE TRIGGER IF NOT EXISTS ",
            "INSERT ",
            "UPDATE ",
            "WITH ",
        ];
        for migration in MIGRATIONS {
            for statement in statements(migration.sql) {
                let lines = statement.lines().filter(|line| !line.starts_with("--"));
                let statement = lines.collect::<Vec<_>>().join(" ");
                let adds_column = statement.starts_with("ALTER TABLE ")
                    && statement.contains(" ADD COLUMN ")
                    && (!statement.contains(" NOT NULL") || statement.contains(" DEFAULT "));
                let adds = ADDITIONS.iter().any(|begin| statement.starts_with(begin));
                assert!(adds || adds_column, "{}: {statement}", migration.name);
            }
        }
    }

    #[test]
    fn versions_rise_by_one_and_files_hold_whole_statements() {
        for (version, migration) in (1..).zip(MIGRATIONS) {
            assert_eq!(migration.version, version, "{}", migration.name);
            for statement in statements(migration.sql) {
                assert!(statement.ends_with(';'), "{statement}");
            }
        }
    }
}
