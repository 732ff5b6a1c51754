//! What a row of a result holds, read column by column.

use uuid::Uuid;

use super::{Row, Value};
use crate::blobs::{BlobId, BlobRef};
use crate::catalog::{CatalogError, Timestamp};

/// Reads a row's columns from left to right.
pub(super) struct Columns {
    table: &'static str,
    values: std::vec::IntoIter<Value>,
    column: usize,
}

impl Columns {
    pub(super) fn new(table: &'static str, row: Row) -> Self {
        Self {
            table,
            values: row.0.into_iter(),
            column: 0,
        }
    }

    pub(super) fn read<T>(
        &mut self,
        read: impl FnOnce(Value) -> Option<T>,
    ) -> Result<T, CatalogError> {
        let damaged = CatalogError::Damaged {
            table: self.table,
            column: self.column,
        };
        self.column += 1;
        self.values.next().and_then(read).ok_or(damaged)
    }

    pub(super) fn text(&mut self) -> Result<String, CatalogError> {
        self.read(|value| match value {
            Value::Text(text) => Some(text),
            _ => None,
        })
    }

    pub(super) fn optional_text(&mut self) -> Result<Option<String>, CatalogError> {
        self.read(|value| match value {
            Value::Text(text) => Some(Some(text)),
            Value::Null => Some(None),
            _ => None,
        })
    }

    pub(super) fn parsed<T>(
        &mut self,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> Result<T, CatalogError> {
        self.read(|value| match value {
            Value::Text(text) => parse(&text),
            _ => None,
        })
    }

    pub(super) fn number<T: TryFrom<i64>>(&mut self) -> Result<T, CatalogError> {
        self.read(|value| match value {
            Value::Integer(number) => number.try_into().ok(),
            _ => None,
        })
    }

    pub(super) fn time(&mut self) -> Result<Timestamp, CatalogError> {
        self.number().map(Timestamp::from_millis)
    }

    pub(super) fn optional_time(&mut self) -> Result<Option<Timestamp>, CatalogError> {
        self.read(|value| match value {
            Value::Integer(millis) => Some(Some(Timestamp::from_millis(millis))),
            Value::Null => Some(None),
            _ => None,
        })
    }

    pub(super) fn uuid(&mut self) -> Result<Uuid, CatalogError> {
        self.parsed(|text| Uuid::try_parse(text).ok())
    }

    pub(super) fn blob_id(&mut self) -> Result<BlobId, CatalogError> {
        self.parsed(|text| BlobId::new(text))
    }

    /// An id, a size and a chunk size.
    pub(super) fn blob(&mut self) -> Result<BlobRef, CatalogError> {
        Ok(BlobRef {
            id: self.blob_id()?,
            size: self.number()?,
            chunk_size: self.number()?,
        })
    }
}
