//! `spin:postgres`: connections to the servers that the manifest allows. The calls that block an
//! instance are not supported: each has an asynchronous counterpart.

use super::not_offered;
use crate::bindings::spin::postgres::postgres::{
    Column, DbDataType, DbError, DbValue, Error, Host, HostConnection, HostConnectionBuilder,
    HostConnectionBuilderWithStore, HostConnectionWithStore, ParameterValue, QueryError, RowSet,
};
use crate::ctx::{Ctx, HostState};
use crate::log;
use crate::postgres::{self, Builder, Connection, Failure, Outcome, Parameter, Value};
use anyhow::Result;
use tokio_postgres::error::DbError as ServerError;
use tokio_postgres::types::Type;
use wasmtime::component::{Accessor, FutureReader, Resource, StreamReader};

impl TryFrom<ParameterValue> for Parameter {
    type Error = Error;

    fn try_from(value: ParameterValue) -> Result<Self, Error> {
        let kind = match value {
            ParameterValue::DbNull => return Ok(Self::Null),
            ParameterValue::Boolean(value) => return Ok(Self::Boolean(value)),
            ParameterValue::Int8(value) => return Ok(Self::Int8(value)),
            ParameterValue::Int16(value) => return Ok(Self::Int16(value)),
            ParameterValue::Int32(value) => return Ok(Self::Int32(value)),
            ParameterValue::Int64(value) => return Ok(Self::Int64(value)),
            ParameterValue::Floating32(value) => return Ok(Self::Floating32(value)),
            ParameterValue::Floating64(value) => return Ok(Self::Floating64(value)),
            ParameterValue::Str(value) => return Ok(Self::Text(value)),
            ParameterValue::Binary(value) => return Ok(Self::Binary(value)),
            ParameterValue::Jsonb(value) => return Ok(Self::Jsonb(value)),
            ParameterValue::Date(_) => "date",
            ParameterValue::Time(_) => "time",
            ParameterValue::Datetime(_) => "datetime",
            ParameterValue::Timestamp(_) => "timestamp",
            ParameterValue::Uuid(_) => "uuid",
            ParameterValue::Decimal(_) => "decimal",
            ParameterValue::RangeInt32(_) => "range-int32",
            ParameterValue::RangeInt64(_) => "range-int64",
            ParameterValue::RangeDecimal(_) => "range-decimal",
            ParameterValue::ArrayInt32(_) => "array-int32",
            ParameterValue::ArrayInt64(_) => "array-int64",
            ParameterValue::ArrayDecimal(_) => "array-decimal",
            ParameterValue::ArrayStr(_) => "array-str",
            ParameterValue::Interval(_) => "interval",
        };
        let message = format!("this host does not support parameters of the type {kind}");
        Err(Error::BadParameter(message))
    }
}

impl From<Value> for DbValue {
    fn from(value: Value) -> Self {
        match value {
            Value::Null => Self::DbNull,
            Value::Boolean(value) => Self::Boolean(value),
            Value::Int16(value) => Self::Int16(value),
            Value::Int32(value) => Self::Int32(value),
            Value::Int64(value) => Self::Int64(value),
            Value::Floating32(value) => Self::Floating32(value),
            Value::Floating64(value) => Self::Floating64(value),
            Value::Text(value) => Self::Str(value),
            Value::Binary(value) => Self::Binary(value),
            Value::Jsonb(value) => Self::Jsonb(value),
            Value::Unknown(value) => Self::Unsupported(value),
        }
    }
}

impl From<postgres::Column> for Column {
    fn from(column: postgres::Column) -> Self {
        let data_type = match column.kind {
            Type::BOOL => DbDataType::Boolean,
            Type::INT2 => DbDataType::Int16,
            Type::INT4 => DbDataType::Int32,
            Type::INT8 => DbDataType::Int64,
            Type::FLOAT4 => DbDataType::Floating32,
            Type::FLOAT8 => DbDataType::Floating64,
            Type::TEXT | Type::VARCHAR | Type::BPCHAR => DbDataType::Str,
            Type::BYTEA => DbDataType::Binary,
            Type::JSONB => DbDataType::Jsonb,
            other => DbDataType::Other(other.name().to_owned()),
        };
        let name = column.name;
        Self { name, data_type }
    }
}

impl From<Failure> for Error {
    fn from(failure: Failure) -> Self {
        let text = |text: String| Self::QueryFailed(QueryError::Text(text));
        match failure {
            Failure::Closed(why) => Self::ConnectionFailed(why.to_owned()),
            Failure::Query(error) => {
                let as_text = format!("{error:?}");
                match error.as_db_error() {
                    None => text(as_text),
                    Some(error) => {
                        Self::QueryFailed(QueryError::DbError(described(error, as_text)))
                    }
                }
            }
            Failure::GivenUp(time) => text(format!("no answer within {} seconds", time.as_secs())),
            Failure::TooLong => text("the result is too long".to_owned()),
            Failure::Value(error) => Self::ValueConversionFailed(format!("{error:#}")),
        }
    }
}

/// The error of a server, with the same names of its parts as in Spin.
fn described(error: &ServerError, as_text: String) -> DbError {
    let line = error.line().map(|line| line.to_string());
    let extras = [
        ("column", error.column()),
        ("constraint", error.constraint()),
        ("routine", error.routine()),
        ("hint", error.hint()),
        ("table", error.table()),
        ("datatype", error.datatype()),
        ("schema", error.schema()),
        ("file", error.file()),
        ("line", line.as_deref()),
        ("where_", error.where_()),
    ];
    let extras = extras.into_iter();
    DbError {
        as_text,
        severity: error.severity().to_owned(),
        code: error.code().code().to_owned(),
        message: error.message().to_owned(),
        detail: error.detail().map(str::to_owned),
        extras: extras
            .filter_map(|(name, value)| Some((name.to_owned(), value?.to_owned())))
            .collect(),
    }
}

impl Host for Ctx {
    fn convert_error(&mut self, error: Error) -> Result<Error> {
        Ok(error)
    }
}

impl HostConnectionBuilder for Ctx {
    async fn new(&mut self, address: String) -> Result<Resource<Builder>> {
        Ok(self.table.push(Builder::new(address))?)
    }

    async fn set_ca_root(&mut self, builder: Resource<Builder>, pem: String) -> Result<(), Error> {
        let builder = self.table.get_mut(&builder).map_err(no_builder)?;
        let set = builder.set_roots(pem);
        set.map_err(|error| Error::Other(format!("{error:#}")))
    }

    async fn build(&mut self, _: Resource<Builder>) -> Result<Resource<Connection>, Error> {
        Err(Error::Other(not_offered("build")))
    }

    async fn drop(&mut self, builder: Resource<Builder>) -> Result<()> {
        self.table.delete(builder)?;
        Ok(())
    }
}

impl HostConnection for Ctx {
    async fn open(&mut self, _: String) -> Result<Resource<Connection>, Error> {
        Err(Error::Other(not_offered("open")))
    }

    async fn query(
        &mut self,
        _: Resource<Connection>,
        _: String,
        _: Vec<ParameterValue>,
    ) -> Result<RowSet, Error> {
        Err(Error::Other(not_offered("query")))
    }

    async fn execute(
        &mut self,
        _: Resource<Connection>,
        _: String,
        _: Vec<ParameterValue>,
    ) -> Result<u64, Error> {
        Err(Error::Other(not_offered("execute")))
    }

    async fn drop(&mut self, connection: Resource<Connection>) -> Result<()> {
        self.table.delete(connection)?;
        Ok(())
    }
}

fn no_builder(_: wasmtime::component::ResourceTableError) -> Error {
    Error::ConnectionFailed("no builder found".to_owned())
}

fn failed(error: &anyhow::Error) -> Error {
    Error::ConnectionFailed(format!("{error:#}"))
}

/// Connects, if the manifest allows every server of the address.
async fn connect<T: Send>(
    accessor: &Accessor<T, HostState>,
    builder: Builder,
) -> Result<Resource<Connection>, Error> {
    let component = accessor.with(|mut access| access.get().component.clone());
    let servers = builder.servers().map_err(|error| failed(&error))?;
    for (host, port) in servers {
        if !component.outbound.allow_server("postgres", &host, port) {
            log::warn(format_args!(
                "a connection to postgres://{host}:{port} was refused: allowed_outbound_hosts \
                 does not allow this server"
            ));
            let message = format!("address postgres://{host}:{port} is not permitted");
            return Err(Error::ConnectionFailed(message));
        }
    }
    let connection = component.postgres.connect(&builder).await;
    let connection = connection.map_err(|error| failed(&error))?;
    let handle = accessor.with(|mut access| access.get().table.push(connection));
    handle.map_err(|_| Error::ConnectionFailed("too many connections".to_owned()))
}

/// Runs a statement.
async fn run<T: Send>(
    accessor: &Accessor<T, HostState>,
    handle: &Resource<Connection>,
    statement: &str,
    parameters: Vec<ParameterValue>,
) -> Result<Outcome, Error> {
    let connection = accessor.with(|mut access| access.get().table.get(handle).cloned());
    let missing = |_| Error::ConnectionFailed("no connection found".to_owned());
    let connection = connection.map_err(missing)?;
    let parameters = parameters.into_iter().map(Parameter::try_from);
    let parameters = parameters.collect::<Result<_, Error>>()?;
    Ok(connection.query(statement, parameters).await?)
}

impl<T: Send> HostConnectionBuilderWithStore<T> for HostState {
    async fn build_async(
        accessor: &Accessor<T, Self>,
        builder: Resource<Builder>,
    ) -> Result<Resource<Connection>, Error> {
        let builder = accessor.with(|mut access| access.get().table.get(&builder).cloned());
        connect(accessor, builder.map_err(no_builder)?).await
    }
}

type Streamed = (
    Vec<Column>,
    StreamReader<Vec<DbValue>>,
    FutureReader<Result<(), Error>>,
);

impl<T: Send> HostConnectionWithStore<T> for HostState {
    async fn open_async(
        accessor: &Accessor<T, Self>,
        address: String,
    ) -> Result<Resource<Connection>, Error> {
        connect(accessor, Builder::new(address)).await
    }

    async fn query_async(
        accessor: &Accessor<T, Self>,
        connection: Resource<Connection>,
        statement: String,
        parameters: Vec<ParameterValue>,
    ) -> Result<Streamed, Error> {
        let outcome = run(accessor, &connection, &statement, parameters).await?;
        let columns = outcome.columns.into_iter().map(Column::from).collect();
        let rows = outcome.rows.into_iter();
        let rows: Vec<Vec<DbValue>> = rows
            .map(|row| row.into_iter().map(DbValue::from).collect())
            .collect();
        let result = match outcome.error {
            Some(error) => Err(error.into()),
            None => Ok(()),
        };
        let streams = accessor.with(|mut access| {
            let rows = StreamReader::new(&mut access, rows)?;
            let result = FutureReader::new(&mut access, async { wasmtime::error::Ok(result) })?;
            wasmtime::error::Ok((columns, rows, result))
        });
        streams.map_err(|error| Error::Other(error.to_string()))
    }

    async fn execute_async(
        accessor: &Accessor<T, Self>,
        connection: Resource<Connection>,
        statement: String,
        parameters: Vec<ParameterValue>,
    ) -> Result<u64, Error> {
        let outcome = run(accessor, &connection, &statement, parameters).await?;
        match outcome.error {
            Some(error) => Err(error.into()),
            None => Ok(outcome.affected),
        }
    }
}
