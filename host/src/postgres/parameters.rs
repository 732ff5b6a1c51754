//! The values of a statement's parameters, each with the type that it is sent as.

use bytes::BytesMut;
use std::error::Error;
use tokio_postgres::types::{IsNull, Kind, ToSql, Type, to_sql_checked};

/// A value that is bound to a parameter.
#[derive(Clone, Debug, PartialEq)]
pub enum Parameter {
    /// NULL, of the type that the statement suggests.
    Null,
    /// `boolean`.
    Boolean(bool),
    /// `"char"`.
    Int8(i8),
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
    /// `text`.
    Text(String),
    /// `bytea`.
    Binary(Vec<u8>),
    /// `jsonb`, as JSON text.
    Jsonb(Vec<u8>),
}

impl Parameter {
    /// The type that the value is sent as. The server decides that of NULL.
    pub(super) fn kind(&self) -> Type {
        match self {
            Self::Null => Type::new("unspecified".into(), 0, Kind::Simple, "".into()),
            Self::Boolean(_) => Type::BOOL,
            Self::Int8(_) => Type::CHAR,
            Self::Int16(_) => Type::INT2,
            Self::Int32(_) => Type::INT4,
            Self::Int64(_) => Type::INT8,
            Self::Floating32(_) => Type::FLOAT4,
            Self::Floating64(_) => Type::FLOAT8,
            Self::Text(_) => Type::TEXT,
            Self::Binary(_) => Type::BYTEA,
            Self::Jsonb(_) => Type::JSONB,
        }
    }
}

impl ToSql for Parameter {
    fn to_sql(
        &self,
        kind: &Type,
        out: &mut BytesMut,
    ) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        match self {
            Self::Null => Ok(IsNull::Yes),
            Self::Boolean(value) => value.to_sql(kind, out),
            Self::Int8(value) => value.to_sql(kind, out),
            Self::Int16(value) => value.to_sql(kind, out),
            Self::Int32(value) => value.to_sql(kind, out),
            Self::Int64(value) => value.to_sql(kind, out),
            Self::Floating32(value) => value.to_sql(kind, out),
            Self::Floating64(value) => value.to_sql(kind, out),
            Self::Text(value) => value.to_sql(kind, out),
            Self::Binary(value) => value.to_sql(kind, out),
            Self::Jsonb(value) => {
                // The version of the binary format.
                out.extend_from_slice(&[1]);
                out.extend_from_slice(value);
                Ok(IsNull::No)
            }
        }
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}
