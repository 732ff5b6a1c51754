//! The values of a result.

use anyhow::{Context, Result, bail};
use std::error::Error;
use tokio_postgres::Row;
use tokio_postgres::types::{FromSql, Type};

/// A column of a result.
pub struct Column {
    /// Its name.
    pub name: String,
    /// Its type.
    pub kind: Type,
}

/// A value of a result.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// NULL.
    Null,
    /// `boolean`.
    Boolean(bool),
    /// `smallint`.
    Int16(i16),
    /// `integer`.
    Int32(i32),
    /// `bigint`.
    Int64(i64),
    /// `real`.
    Floating32(f32),
    /// `double precision`.
    Floating64(f64),
    /// `text`, `varchar` or `char`.
    Text(String),
    /// `bytea`.
    Binary(Vec<u8>),
    /// `jsonb`, as JSON text.
    Jsonb(Vec<u8>),
    /// A value of a type that Spin does not know either, as the server sent it.
    Unknown(Vec<u8>),
}

impl Value {
    /// About how many bytes of memory the value takes.
    pub(super) fn size(&self) -> usize {
        let beside = match self {
            Self::Text(text) => text.len(),
            Self::Binary(bytes) | Self::Jsonb(bytes) | Self::Unknown(bytes) => bytes.len(),
            _ => 0,
        };
        size_of::<Self>() + beside
    }
}

/// The types that Spin knows and this host does not: no component of its applications has them.
const NOT_OFFERED: [Type; 16] = [
    Type::TIMESTAMP,
    Type::TIMESTAMPTZ,
    Type::DATE,
    Type::TIME,
    Type::UUID,
    Type::NUMERIC,
    Type::INT4_RANGE,
    Type::INT8_RANGE,
    Type::NUM_RANGE,
    Type::INT4_ARRAY,
    Type::INT8_ARRAY,
    Type::NUMERIC_ARRAY,
    Type::TEXT_ARRAY,
    Type::VARCHAR_ARRAY,
    Type::BPCHAR_ARRAY,
    Type::INTERVAL,
];

/// The values of a row.
pub(super) fn values(row: &Row) -> Result<Vec<Value>> {
    let columns = row.columns().iter().enumerate();
    let values = columns.map(|(index, column)| {
        let kind = column.type_();
        if NOT_OFFERED.contains(kind) {
            bail!(
                "this host does not support the type {} of the column {:?}",
                kind.name(),
                column.name()
            );
        }
        let value: Option<Value> = row.try_get(index).context("the value cannot be read")?;
        Ok(value.unwrap_or(Value::Null))
    });
    values.collect()
}

impl<'a> FromSql<'a> for Value {
    fn from_sql(kind: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn Error + Sync + Send>> {
        Ok(match *kind {
            Type::BOOL => Self::Boolean(bool::from_sql(kind, raw)?),
            Type::INT2 => Self::Int16(i16::from_sql(kind, raw)?),
            Type::INT4 => Self::Int32(i32::from_sql(kind, raw)?),
            Type::INT8 => Self::Int64(i64::from_sql(kind, raw)?),
            Type::FLOAT4 => Self::Floating32(f32::from_sql(kind, raw)?),
            Type::FLOAT8 => Self::Floating64(f64::from_sql(kind, raw)?),
            Type::TEXT | Type::VARCHAR | Type::BPCHAR => Self::Text(String::from_sql(kind, raw)?),
            Type::BYTEA => Self::Binary(raw.to_vec()),
            // After the version of the binary format.
            Type::JSONB => Self::Jsonb(raw.get(1..).unwrap_or_default().to_vec()),
            _ => Self::Unknown(raw.to_vec()),
        })
    }

    fn accepts(_: &Type) -> bool {
        true
    }
}
