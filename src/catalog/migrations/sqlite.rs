//! The history on SQLite. Each file has statements that are separated by blank lines.
//!
//! Many instances may start on a new database together, and no lock spans two
//! statements. Therefore each statement is safe to run twice, or concurrently with
//! itself (`IF NOT EXISTS` and the like), and a migration is recorded after its last
//! statement: one that is interrupted or overtaken is repeated without harm. `ADD COLUMN`
//! has no `IF NOT EXISTS`: if the column already exists, that counts as success.

use super::{Migration, integer};
use crate::catalog::sql::Conflict;
use crate::catalog::{CatalogError, Database};

/// The migration since which [`Migration::serves`] is recorded.
const COMPATIBILITY: i64 = 17;

/// The migrations, oldest first.
pub(super) const HISTORY: &[Migration] = &[
    Migration {
        version: 1,
        name: "images",
        serves: 1,
        sql: include_str!("0001_images.sql"),
    },
    Migration {
        version: 2,
        name: "usage",
        serves: 1,
        sql: include_str!("0002_usage.sql"),
    },
    Migration {
        version: 3,
        name: "original_sha256",
        serves: 1,
        sql: include_str!("0003_original_sha256.sql"),
    },
    Migration {
        version: 4,
        name: "listing",
        serves: 1,
        sql: include_str!("0004_listing.sql"),
    },
    Migration {
        version: 5,
        name: "idempotency",
        serves: 1,
        sql: include_str!("0005_idempotency.sql"),
    },
    Migration {
        version: 6,
        name: "audit",
        serves: 1,
        sql: include_str!("0006_audit.sql"),
    },
    Migration {
        version: 7,
        name: "remains",
        serves: 1,
        sql: include_str!("0007_remains.sql"),
    },
    Migration {
        version: 8,
        name: "descriptions",
        serves: 1,
        sql: include_str!("0008_descriptions.sql"),
    },
    Migration {
        version: 9,
        name: "references",
        serves: 1,
        sql: include_str!("0009_references.sql"),
    },
    Migration {
        version: 10,
        name: "erasure",
        serves: 1,
        sql: include_str!("0010_erasure.sql"),
    },
    Migration {
        version: 11,
        name: "tickets",
        serves: 1,
        sql: include_str!("0011_tickets.sql"),
    },
    Migration {
        version: 12,
        name: "variants",
        serves: 1,
        sql: concat!(
            include_str!("0012_variants.sql"),
            "\n",
            include_str!("../sql/recount.sql")
        ),
    },
    Migration {
        version: 13,
        name: "traits",
        serves: 1,
        sql: include_str!("0013_traits.sql"),
    },
    Migration {
        version: 14,
        name: "resumables",
        serves: 1,
        sql: include_str!("0014_resumables.sql"),
    },
    Migration {
        version: 15,
        name: "upload_tickets",
        serves: 1,
        sql: include_str!("0015_upload_tickets.sql"),
    },
    Migration {
        version: 16,
        name: "links",
        serves: 1,
        sql: include_str!("0016_links.sql"),
    },
    Migration {
        version: COMPATIBILITY,
        name: "compatibility",
        serves: 1,
        sql: include_str!("0017_compatibility.sql"),
    },
    Migration {
        version: 18,
        name: "rates",
        serves: 1,
        sql: include_str!("0018_rates.sql"),
    },
];

/// The statements of a file.
pub(in crate::catalog) fn statements(sql: &str) -> impl Iterator<Item = &str> {
    let is_sql = |text: &&str| {
        text.lines()
            .any(|line| !line.is_empty() && !line.starts_with("--"))
    };
    sql.split("\n\n").map(str::trim).filter(is_sql)
}

/// Applies a migration.
pub(super) async fn apply(
    database: &dyn Database,
    migration: &Migration,
) -> Result<(), CatalogError> {
    if migration.version == 1 {
        // Readers can then continue while a writer commits, and a commit is one sync instead
        // of three. The mode is stored in the file; databases that are not a file refuse it,
        // which is fine.
        let _ = database.query("PRAGMA journal_mode = WAL", vec![]).await;
    }
    for statement in statements(migration.sql) {
        match database.query_long(statement, vec![]).await {
            Err(error) if Conflict::of(&error) == Some(Conflict::ColumnExists) => {}
            result => drop(result?),
        }
    }
    let mut parameters = vec![migration.version.into(), migration.name.into()];
    let record = if migration.version < COMPATIBILITY {
        "INSERT INTO schema_migrations (version, name, applied_at)
        VALUES (?1, ?2, CAST(unixepoch('subsec') * 1000 AS INTEGER))
        ON CONFLICT (version) DO NOTHING"
    } else {
        parameters.push(migration.serves.into());
        "INSERT INTO schema_migrations (version, name, applied_at, serves)
        VALUES (?1, ?2, CAST(unixepoch('subsec') * 1000 AS INTEGER), ?3)
        ON CONFLICT (version) DO NOTHING"
    };
    database.query(record, parameters).await?;
    Ok(())
}

/// The version of the schema; 0 if there is none.
pub(super) async fn version(database: &dyn Database) -> Result<i64, CatalogError> {
    let exists = "SELECT count(*) FROM sqlite_schema WHERE name = 'schema_migrations'";
    if integer(database, exists).await? == 0 {
        let create = "CREATE TABLE IF NOT EXISTS schema_migrations (
            version INTEGER PRIMARY KEY, name TEXT NOT NULL, applied_at INTEGER NOT NULL) STRICT";
        database.query(create, vec![]).await?;
    }
    let newest = "SELECT coalesce(max(version), 0) FROM schema_migrations";
    integer(database, newest).await
}
