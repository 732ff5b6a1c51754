//! `spin:sqlite`: handles on the databases that the manifest grants. The calls that block an
//! instance are not supported: each has an asynchronous counterpart.

use super::not_offered;
use crate::bindings::spin::sqlite::sqlite::{
    Error, Host, HostConnection, HostConnectionWithStore, QueryResult, RowResult, Value,
};
use crate::ctx::{Ctx, HostState};
use crate::sqlite::{self, Connection, Database, Outcome};
use anyhow::{Result, bail};
use std::sync::Arc;
use wasmtime::component::{Accessor, FutureReader, Resource, StreamReader};

impl From<Value> for sqlite::Value {
    fn from(value: Value) -> Self {
        match value {
            Value::Integer(value) => Self::Integer(value),
            Value::Real(value) => Self::Real(value),
            Value::Text(value) => Self::Text(value),
            Value::Blob(value) => Self::Blob(value),
            Value::Null => Self::Null,
        }
    }
}

impl From<sqlite::Value> for Value {
    fn from(value: sqlite::Value) -> Self {
        match value {
            sqlite::Value::Integer(value) => Self::Integer(value),
            sqlite::Value::Real(value) => Self::Real(value),
            sqlite::Value::Text(value) => Self::Text(value),
            sqlite::Value::Blob(value) => Self::Blob(value),
            sqlite::Value::Null => Self::Null,
        }
    }
}

fn row(values: Vec<sqlite::Value>) -> RowResult {
    RowResult {
        values: values.into_iter().map(Into::into).collect(),
    }
}

impl Ctx {
    fn open_database(&mut self, label: &str) -> Result<Resource<Connection>, Error> {
        let database = self.component.sqlite.get(label).cloned();
        let database = database.ok_or(Error::AccessDenied)?;
        let handle = self.table.push(Connection(database));
        handle.map_err(|_| Error::Io("too many connections opened".to_owned()))
    }

    fn database(&self, handle: &Resource<Connection>) -> Result<Arc<Database>, Error> {
        let connection = self.table.get(handle);
        connection
            .map(|c| c.0.clone())
            .map_err(|_| Error::InvalidConnection)
    }
}

impl Host for Ctx {
    fn convert_error(&mut self, error: Error) -> Result<Error> {
        Ok(error)
    }
}

impl HostConnection for Ctx {
    async fn open(&mut self, _: String) -> Result<Resource<Connection>, Error> {
        Err(Error::Io(not_offered("open")))
    }

    async fn execute(
        &mut self,
        _: Resource<Connection>,
        _: String,
        _: Vec<Value>,
    ) -> Result<QueryResult, Error> {
        Err(Error::Io(not_offered("execute")))
    }

    async fn last_insert_rowid(&mut self, _: Resource<Connection>) -> Result<i64> {
        bail!(not_offered("last-insert-rowid"))
    }

    async fn changes(&mut self, _: Resource<Connection>) -> Result<u64> {
        bail!(not_offered("changes"))
    }

    async fn drop(&mut self, connection: Resource<Connection>) -> Result<()> {
        self.table.delete(connection)?;
        Ok(())
    }
}

type Streamed = (
    Vec<String>,
    StreamReader<RowResult>,
    FutureReader<Result<(), Error>>,
);

impl<T: Send> HostConnectionWithStore<T> for HostState {
    async fn open_async(
        accessor: &Accessor<T, Self>,
        database: String,
    ) -> Result<Resource<Connection>, Error> {
        accessor.with(|mut access| access.get().open_database(&database))
    }

    async fn execute_async(
        accessor: &Accessor<T, Self>,
        connection: Resource<Connection>,
        statement: String,
        parameters: Vec<Value>,
    ) -> Result<Streamed, Error> {
        let database = accessor.with(|mut access| access.get().database(&connection))?;
        let parameters = parameters.into_iter().map(Into::into).collect();
        let Outcome {
            columns,
            rows,
            error,
        } = database.execute(statement, parameters).await;
        let rows: Vec<RowResult> = rows.into_iter().map(row).collect();
        let result = error.map_or(Ok(()), |error| Err(Error::Io(error)));
        let streams = accessor.with(|mut access| {
            let rows = StreamReader::new(&mut access, rows)?;
            let result = FutureReader::new(&mut access, async { wasmtime::error::Ok(result) })?;
            wasmtime::error::Ok((columns, rows, result))
        });
        streams.map_err(|error| Error::Io(error.to_string()))
    }

    async fn last_insert_rowid_async(
        accessor: &Accessor<T, Self>,
        connection: Resource<Connection>,
    ) -> Result<i64> {
        let database = accessor.with(|mut access| access.get().database(&connection))?;
        Ok(database.last_insert_rowid())
    }

    async fn changes_async(
        accessor: &Accessor<T, Self>,
        connection: Resource<Connection>,
    ) -> Result<u64> {
        let database = accessor.with(|mut access| access.get().database(&connection))?;
        Ok(database.changes())
    }
}
