//! Spin's SQLite interface.

use spin_sdk::sqlite;

use crate::catalog::{CatalogError, Row, Value};

/// An open connection: one for the whole process, shared by all requests.
pub(in crate::spin) struct SpinSqlite {
    connection: sqlite::Connection,
}

impl SpinSqlite {
    /// Opens the database with this label.
    pub(super) async fn open(label: &str) -> Result<Self, CatalogError> {
        let connection = sqlite::Connection::open(label).await.map_err(failed)?;
        Ok(Self { connection })
    }

    /// Runs a statement.
    pub(super) async fn query(
        &self,
        sql: &str,
        parameters: Vec<Value>,
    ) -> Result<Vec<Row>, CatalogError> {
        let parameters = parameters.into_iter().map(to_spin);
        let result = self
            .connection
            .execute(sql, parameters)
            .await
            .map_err(failed)?;
        // The end of the rows is not success: the outcome follows it.
        let rows = result.collect().await.map_err(failed)?;
        let values = |row: sqlite::RowResult| row.values.into_iter().map(from_spin).collect();
        Ok(rows.into_iter().map(|row| Row(values(row))).collect())
    }
}

fn failed(error: sqlite::Error) -> CatalogError {
    CatalogError::database(error)
}

fn to_spin(value: Value) -> sqlite::Value {
    match value {
        Value::Null => sqlite::Value::Null,
        Value::Integer(value) => sqlite::Value::Integer(value),
        Value::Real(value) => sqlite::Value::Real(value),
        Value::Text(value) => sqlite::Value::Text(value),
        Value::Blob(value) => sqlite::Value::Blob(value),
    }
}

fn from_spin(value: sqlite::Value) -> Value {
    match value {
        sqlite::Value::Null => Value::Null,
        sqlite::Value::Integer(value) => Value::Integer(value),
        sqlite::Value::Real(value) => Value::Real(value),
        sqlite::Value::Text(value) => Value::Text(value),
        sqlite::Value::Blob(value) => Value::Blob(value),
    }
}
