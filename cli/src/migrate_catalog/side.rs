//! One of the two databases of a move.

use anyhow::{Result, ensure};
use darkroom::catalog::Value;

use super::tables::{TABLES, Table};

/// The version of a schema into which a catalog is being moved: newer than any that a program
/// knows, so that no host serves it.
const UNFINISHED: i64 = 1 << 40;

/// A column of a table.
#[derive(Clone, Debug)]
pub(super) struct Column {
    pub(super) name: String,
    /// Whether the database computes it.
    pub(super) is_generated: bool,
}

/// A database with a catalog.
pub(super) trait Side {
    /// What it is called in messages.
    fn name(&self) -> String;

    /// Its name in the variable `catalog`.
    fn kind(&self) -> &'static str;

    /// Runs a statement without parameters.
    fn query(&mut self, sql: &str) -> Result<Vec<Vec<Value>>>;

    /// The columns of a table.
    fn columns(&self, table: &str) -> Result<Vec<Column>>;

    /// The next rows of a table in the order of its key, after this one.
    fn page(
        &mut self,
        table: &Table,
        columns: &[String],
        after: Option<&[Value]>,
    ) -> Result<Vec<Vec<Value>>>;

    /// Deletes the rows with these keys, and then adds these rows, which triggers do not see.
    fn write(
        &mut self,
        table: &Table,
        columns: &[String],
        delete: &[Vec<Value>],
        insert: &[Vec<Value>],
    ) -> Result<()>;

    /// Whether there is a schema.
    fn has_schema(&mut self) -> Result<bool>;

    /// Migrates the schema to the version of this program; with `check_only`, fails if it has
    /// another version.
    fn migrate(&mut self, check_only: bool) -> Result<()>;

    /// Disables or enables the triggers.
    fn set_triggers(&mut self, are_enabled: bool) -> Result<()>;

    /// Updates what the database knows about its tables.
    fn settle(&mut self) -> Result<()>;

    /// Checks that this is a catalog of this version, to move from.
    fn check_source(&mut self) -> Result<()> {
        let name = self.name();
        ensure!(self.has_schema()?, "there is no catalog in {name}");
        ensure!(
            !self.is_unfinished()?,
            "{name} is not complete: a move into it was broken off"
        );
        self.migrate(true)
    }

    /// Makes this a catalog of this version to move into: an empty one, or the one of an earlier
    /// attempt.
    fn prepare(&mut self) -> Result<()> {
        let goes_on = self.has_schema()? && self.is_unfinished()?;
        self.query_if(
            goes_on,
            &format!("DELETE FROM schema_migrations WHERE version = {UNFINISHED}"),
        )?;
        self.migrate(false)?;
        if !goes_on {
            for table in TABLES {
                let rows = self.query(&format!("SELECT 1 FROM {} LIMIT 1", table.name))?;
                ensure!(
                    rows.is_empty(),
                    "{} has a catalog already, with rows in {}; a catalog is moved only where there \
                     is none",
                    self.name(),
                    table.name
                );
            }
        }
        let mark = format!(
            "INSERT INTO schema_migrations (version, name, applied_at) VALUES ({UNFINISHED}, \
             'a catalog that is being moved', 0)"
        );
        self.query(&mark).map(drop)
    }

    /// Begins to write.
    fn begin(&mut self) -> Result<()> {
        self.set_triggers(false)
    }

    /// Makes a complete catalog usable.
    fn finish(&mut self) -> Result<()> {
        self.set_triggers(true)?;
        self.query_if(
            true,
            &format!("DELETE FROM schema_migrations WHERE version = {UNFINISHED}"),
        )
    }

    /// Runs a statement on a condition.
    fn query_if(&mut self, condition: bool, sql: &str) -> Result<()> {
        if condition {
            self.query(sql)?;
        }
        Ok(())
    }

    /// Whether a move into it was begun and not finished.
    fn is_unfinished(&mut self) -> Result<bool> {
        let sql = format!("SELECT 1 FROM schema_migrations WHERE version = {UNFINISHED}");
        Ok(!self.query(&sql)?.is_empty())
    }
}

/// `SELECT` for a page of a table, with the parameters that `parameter` writes.
pub(super) fn page_sql(
    table: &Table,
    columns: &[String],
    is_first: bool,
    parameter: impl Fn(usize) -> String,
) -> String {
    let key = table.key.join(", ");
    let after: Vec<String> = (1..=table.key.len()).map(parameter).collect();
    let condition = match is_first {
        true => String::new(),
        false => format!("WHERE ({key}) > ({})", after.join(", ")),
    };
    format!(
        "SELECT {} FROM {} {condition} ORDER BY {key} LIMIT {}",
        columns.join(", "),
        table.name,
        table.page
    )
}

/// `DELETE` for the row with a key.
pub(super) fn delete_sql(table: &Table, parameter: impl Fn(usize) -> String) -> String {
    let conditions = table.key.iter().enumerate();
    let conditions: Vec<String> = conditions
        .map(|(at, column)| format!("{column} = {}", parameter(at + 1)))
        .collect();
    format!(
        "DELETE FROM {} WHERE {}",
        table.name,
        conditions.join(" AND ")
    )
}
