//! The least that a backend must offer to store the catalog: one SQL statement at a time.

use async_trait::async_trait;

use super::Dialect;
use crate::catalog::CatalogError;
use crate::model::Timestamp;

/// A value of a database.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// NULL.
    Null,
    /// A 64-bit integer.
    Integer(i64),
    /// A floating-point number.
    Real(f64),
    /// UTF-8.
    Text(String),
    /// Bytes.
    Blob(Vec<u8>),
}

impl Value {
    /// Whether it is a text with the character NUL.
    pub(super) fn has_nul(&self) -> bool {
        matches!(self, Self::Text(text) if text.contains('\0'))
    }
}

impl From<i64> for Value {
    fn from(value: i64) -> Self {
        Self::Integer(value)
    }
}

impl From<Timestamp> for Value {
    fn from(value: Timestamp) -> Self {
        Self::Integer(value.millis())
    }
}

impl From<&str> for Value {
    fn from(value: &str) -> Self {
        Self::Text(value.to_owned())
    }
}

impl From<String> for Value {
    fn from(value: String) -> Self {
        Self::Text(value)
    }
}

impl From<Option<&str>> for Value {
    fn from(value: Option<&str>) -> Self {
        value.map_or(Self::Null, Self::from)
    }
}

/// A row of a result.
#[derive(Clone, Debug, PartialEq)]
pub struct Row(pub Vec<Value>);

/// A connection that runs one statement at a time, each in a transaction of its own,
/// which either succeeds as a whole or has no effect.
#[async_trait]
pub trait Database: Send + Sync {
    /// The dialect that it understands.
    fn dialect(&self) -> Dialect;

    /// Runs `sql` with its numbered parameters bound to `parameters`; returns all rows. An error
    /// after the first row is an error of the whole statement.
    ///
    /// What PostgreSQL returns becomes: `bool` 0 or 1, `int2`, `int4` and `int8` integers, `text`,
    /// `json` and `jsonb` texts, `bytea` bytes, `float8` a floating-point number. Parameters have
    /// its types `int8`, `text`, `bytea` and `float8`, or are NULL.
    ///
    /// # Errors
    /// [`CatalogError::Unknown`] if no answer has come to a statement that was sent,
    /// [`CatalogError::Undone`] for PostgreSQL's `SQLSTATE`s 40001 and 40P01, and
    /// [`CatalogError::Database`] for everything else, with the database's message and, if there
    /// is one, the constraint's name in the cause.
    async fn query(&self, sql: &str, parameters: Vec<Value>) -> Result<Vec<Row>, CatalogError>;

    /// The same, for a statement that reads all rows of a table and may take long.
    async fn query_long(
        &self,
        sql: &str,
        parameters: Vec<Value>,
    ) -> Result<Vec<Row>, CatalogError> {
        self.query(sql, parameters).await
    }
}
