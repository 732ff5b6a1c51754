//! The history of the schema: SQL files, each applied once. There is one history for each dialect
//! (`sqlite`, `postgres`).
//!
//! Many instances may start on a new database together, and instances of the previous version may
//! still be serving meanwhile, so a migration only adds: columns with a default, tables, indexes,
//! functions and triggers under new names. A trigger that was dropped and created again would miss
//! what is written in between. Each migration records the oldest version of the schema whose
//! programs work on its schema, too. A program refuses a schema that is newer and does not name
//! the program's version.

mod postgres;
mod sqlite;

pub(super) use sqlite::statements;

use super::{CatalogError, Database, Dialect, Value};

/// A step of the history.
struct Migration {
    version: i64,
    name: &'static str,
    /// The oldest version of the schema whose programs work on this one, too.
    serves: i64,
    sql: &'static str,
}

/// Migrates the schema to this version. If it is current, that takes one read, or two on SQLite.
///
/// # Errors
/// [`CatalogError::NewerSchema`], and those of the database.
pub async fn migrate(database: &dyn Database) -> Result<(), CatalogError> {
    let dialect = database.dialect();
    let history = history(dialect);
    let current = match dialect {
        Dialect::Sqlite => sqlite::version(database).await?,
        Dialect::Postgres => postgres::version(database).await?,
    };
    let known = newest(history);
    if current > known {
        return refuse_newer(database, current, known).await;
    }
    let missing = history
        .iter()
        .filter(|migration| migration.version > current);
    for migration in missing {
        match dialect {
            Dialect::Sqlite => sqlite::apply(database, migration).await?,
            Dialect::Postgres => postgres::apply(database, migration).await?,
        }
    }
    Ok(())
}

fn history(dialect: Dialect) -> &'static [Migration] {
    match dialect {
        Dialect::Sqlite => sqlite::HISTORY,
        Dialect::Postgres => postgres::HISTORY,
    }
}

/// The newest version of a history.
fn newest(history: &[Migration]) -> i64 {
    history.last().map_or(0, |migration| migration.version)
}

/// Refuses a schema of the version `found`, unless programs that know the version `known` work on
/// it.
async fn refuse_newer(database: &dyn Database, found: i64, known: i64) -> Result<(), CatalogError> {
    // Versions are numbers of this program, so they need no parameters, which differ.
    let serves = format!(
        "SELECT max(coalesce(serves, version)) FROM schema_migrations WHERE version > {known}"
    );
    if integer(database, &serves).await? <= known {
        return Ok(());
    }
    Err(CatalogError::NewerSchema { found, known })
}

async fn integer(database: &dyn Database, sql: &str) -> Result<i64, CatalogError> {
    let rows = database.query(sql, vec![]).await?;
    match rows.first().and_then(|row| row.0.first()) {
        Some(Value::Integer(value)) => Ok(*value),
        _ => Err(damaged()),
    }
}

fn damaged() -> CatalogError {
    CatalogError::Damaged {
        table: "schema_migrations",
        column: 0,
    }
}

/// How many migrations there are.
#[cfg(all(test, not(target_family = "wasm")))]
pub(super) fn count(dialect: Dialect) -> i64 {
    newest(history(dialect))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The previous version serves while the next one migrates, and possibly after that.
    #[test]
    fn migrations_only_add() {
        const ADDITIONS: [&str; 9] = [
            "CREATE TABLE IF NOT EXISTS ",
            "CREATE INDEX IF NOT EXISTS ",
            "CREATE UNIQUE INDEX IF NOT EXISTS ",
            "CREATE TRIGGER IF NOT EXISTS ",
            "CREATE VIEW IF NOT EXISTS ",
            "INSERT ",
            // What earlier versions wrote is brought up to date.
            "UPDATE ",
            "DELETE ",
            "WITH ",
        ];
        for migration in sqlite::HISTORY {
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
    fn versions_rise_by_one() {
        for dialect in [Dialect::Sqlite, Dialect::Postgres] {
            for (version, migration) in (1..).zip(history(dialect)) {
                assert_eq!(migration.version, version, "{}", migration.name);
                assert!(migration.serves <= version, "{}", migration.name);
            }
        }
    }

    #[test]
    fn files_have_whole_statements() {
        for migration in sqlite::HISTORY {
            for statement in statements(migration.sql) {
                assert!(statement.ends_with(';'), "{statement}");
            }
        }
    }
}
