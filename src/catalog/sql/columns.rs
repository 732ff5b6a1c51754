//! The values in a row of a result, read column by column.

use serde::de::DeserializeOwned;
use uuid::Uuid;

use super::{Row, Value};
use crate::catalog::CatalogError;
use crate::model::{BlobId, BlobRef, Sha256, Timestamp};

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

    /// Reads every row of a result.
    pub(super) fn read_all<T>(
        table: &'static str,
        rows: Vec<Row>,
        mut read: impl FnMut(&mut Self) -> Result<T, CatalogError>,
    ) -> Result<Vec<T>, CatalogError> {
        rows.into_iter()
            .map(|row| read(&mut Self::new(table, row)))
            .collect()
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

    /// A JSON array. PostgreSQL has NULL for an empty one.
    pub(super) fn list<T: DeserializeOwned>(&mut self) -> Result<Vec<T>, CatalogError> {
        self.read(|value| match value {
            Value::Text(text) => serde_json::from_str(&text).ok(),
            Value::Null => Some(Vec::new()),
            _ => None,
        })
    }

    pub(super) fn number<T: TryFrom<i64>>(&mut self) -> Result<T, CatalogError> {
        self.read(|value| match value {
            Value::Integer(number) => number.try_into().ok(),
            _ => None,
        })
    }

    pub(super) fn optional_number<T: TryFrom<i64>>(&mut self) -> Result<Option<T>, CatalogError> {
        self.read(|value| match value {
            Value::Integer(number) => number.try_into().ok().map(Some),
            Value::Null => Some(None),
            _ => None,
        })
    }

    pub(super) fn time(&mut self) -> Result<Timestamp, CatalogError> {
        self.number().map(Timestamp::from_millis)
    }

    pub(super) fn optional_time(&mut self) -> Result<Option<Timestamp>, CatalogError> {
        let millis = self.optional_number()?;
        Ok(millis.map(Timestamp::from_millis))
    }

    pub(super) fn sha256(&mut self) -> Result<Sha256, CatalogError> {
        self.parsed(Sha256::parse)
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn value() -> impl Strategy<Value = Value> {
        prop_oneof![
            Just(Value::Null),
            any::<i64>().prop_map(Value::Integer),
            (-9i64..9).prop_map(Value::Integer),
            ".{0,9}|[0-9a-f-]{36}|[a-z0-9.]{1,9}".prop_map(Value::Text),
        ]
    }

    proptest! {
        #[test]
        fn a_column_has_the_expected_type_or_is_damaged(value in value()) {
            let columns = || Columns::new("images", Row(vec![value.clone()]));
            let (number, text) = match &value {
                Value::Integer(number) => (u32::try_from(*number).ok(), None),
                Value::Text(text) => (None, Some(text.clone())),
                _ => (None, None),
            };
            let id = text.as_ref().and_then(|text| Uuid::try_parse(text).ok());
            prop_assert_eq!(columns().number::<u32>().ok(), number);
            prop_assert_eq!(columns().text().ok(), text);
            prop_assert_eq!(columns().uuid().ok(), id);
            // A row with too few columns.
            prop_assert!(columns().blob().is_err());
        }
    }
}
