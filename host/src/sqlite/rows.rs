//! Runs a prepared statement until it ends or fails.

use rusqlite::types::{ToSql, ToSqlOutput, ValueRef};
use rusqlite::{CachedStatement, params_from_iter};

/// The maximum size of a result, as in Spin.
const RESULT_BYTES: usize = 128 << 20;

/// A value of a row or a parameter.
#[derive(Debug)]
pub(crate) enum Value {
    Integer(i64),
    Real(f64),
    Text(String),
    Blob(Vec<u8>),
    Null,
}

/// The result of a statement: its rows, and the error that ended them, if any.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    pub(crate) columns: Vec<String>,
    pub(crate) rows: Vec<Vec<Value>>,
    pub(crate) error: Option<String>,
}

impl Outcome {
    pub(super) fn failed(error: String) -> Self {
        Self {
            error: Some(error),
            ..Self::default()
        }
    }
}

struct Parameter<'a>(&'a Value);

impl ToSql for Parameter<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self.0 {
            Value::Null => ValueRef::Null,
            Value::Integer(value) => ValueRef::Integer(*value),
            Value::Real(value) => ValueRef::Real(*value),
            Value::Text(value) => ValueRef::Text(value.as_bytes()),
            Value::Blob(value) => ValueRef::Blob(value),
        }))
    }
}

/// Runs a statement, and keeps the rows that it returned before an error.
pub(super) fn step(mut statement: CachedStatement<'_>, parameters: &[Value]) -> Outcome {
    let columns: Vec<String> = statement
        .column_names()
        .into_iter()
        .map(str::to_owned)
        .collect();
    let mut rows = Vec::new();
    let error = collect(&mut statement, parameters, columns.len(), &mut rows).err();
    Outcome {
        columns,
        rows,
        error,
    }
}

fn collect(
    statement: &mut CachedStatement<'_>,
    parameters: &[Value],
    columns: usize,
    rows: &mut Vec<Vec<Value>>,
) -> Result<(), String> {
    let text = |error: rusqlite::Error| error.to_string();
    let parameters = params_from_iter(parameters.iter().map(Parameter));
    let mut cursor = statement.query(parameters).map_err(text)?;
    let mut size = 0;
    while let Some(row) = cursor.next().map_err(text)? {
        let mut values = Vec::with_capacity(columns);
        for column in 0..columns {
            let value = row.get_ref(column).and_then(|value| owned(column, value));
            let value = value.map_err(text)?;
            size += size_of::<Value>() + payload(&value);
            values.push(value);
        }
        if size > RESULT_BYTES {
            return Err(format!(
                "query result exceeds limit of {RESULT_BYTES} bytes"
            ));
        }
        rows.push(values);
    }
    Ok(())
}

fn owned(column: usize, value: ValueRef<'_>) -> rusqlite::Result<Value> {
    Ok(match value {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(value) => Value::Integer(value),
        ValueRef::Real(value) => Value::Real(value),
        ValueRef::Text(bytes) => match std::str::from_utf8(bytes) {
            Ok(text) => Value::Text(text.to_owned()),
            Err(error) => return Err(rusqlite::Error::Utf8Error(column, error)),
        },
        ValueRef::Blob(bytes) => Value::Blob(bytes.to_vec()),
    })
}

fn payload(value: &Value) -> usize {
    match value {
        Value::Text(text) => text.len(),
        Value::Blob(bytes) => bytes.len(),
        Value::Null | Value::Integer(_) | Value::Real(_) => 0,
    }
}
