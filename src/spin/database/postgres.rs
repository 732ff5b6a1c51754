//! Spin's PostgreSQL interface.
//!
//! The requests of an instance share a few connections, because opening one costs a round trip or
//! more, and the host has few. Statements on one connection are answered in turn, so a free one is
//! preferred.

use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use spin_sdk::pg::{
    Certificate, Connection, DbError, DbValue, Error, OpenOptions, ParameterValue, PgError,
    QueryError,
};

use crate::catalog::{CatalogError, Row, Value, is_read};
use crate::settings::PostgresConfig;

/// How many connections an instance has. A host has 64 in all.
const CONNECTIONS: usize = 4;
/// How often a request looks whether another one has opened a connection. It cannot be woken: the
/// requests of an instance are tasks that do not know of each other.
const LOOK: Duration = Duration::from_millis(1);

/// A database, and the instance's connections to it.
pub(in crate::spin) struct SpinPostgres {
    config: PostgresConfig,
    connections: Mutex<Vec<Arc<Shared>>>,
    /// How many more are being opened.
    opening: AtomicUsize,
}

/// How a request gets a connection.
enum Choice<'a> {
    /// This one is open.
    Pooled(Arc<Shared>),
    /// By opening one.
    Open(Opening<'a>),
    /// Others are opening as many as there may be.
    Wait,
}

/// A connection that is being opened.
struct Opening<'a>(&'a AtomicUsize);

impl<'a> Opening<'a> {
    fn begin(count: &'a AtomicUsize) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        Self(count)
    }
}

impl Drop for Opening<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// A connection that several requests may use at the same time.
struct Shared {
    connection: Connection,
    running: AtomicUsize,
    /// Whether it was lost, or a statement on it was given up.
    is_broken: AtomicBool,
}

/// A use of a connection. A use that is dropped before its end breaks the connection: what
/// follows would wait for the statement.
struct Use {
    shared: Arc<Shared>,
    is_over: bool,
}

impl Use {
    fn begin(shared: Arc<Shared>) -> Self {
        shared.running.fetch_add(1, Ordering::Relaxed);
        let is_over = false;
        Self { shared, is_over }
    }
}

impl Drop for Use {
    fn drop(&mut self) {
        self.shared.running.fetch_sub(1, Ordering::Relaxed);
        if !self.is_over {
            self.shared.is_broken.store(true, Ordering::Relaxed);
        }
    }
}

/// What became of a statement that has failed.
enum Failed {
    /// It was not sent.
    NotSent(CatalogError),
    /// The connection was lost after it was sent.
    Lost(CatalogError),
    /// The server has refused it, and it had no effect.
    Refused(CatalogError),
}

impl From<Failed> for CatalogError {
    fn from(failed: Failed) -> Self {
        match failed {
            Failed::NotSent(error) | Failed::Lost(error) | Failed::Refused(error) => error,
        }
    }
}

impl SpinPostgres {
    /// Nothing is connected before the first statement.
    pub(super) fn new(config: PostgresConfig) -> Self {
        Self {
            config,
            connections: Mutex::default(),
            opening: AtomicUsize::new(0),
        }
    }

    /// Runs a statement. If its connection turns out to be lost, it runs again on another one,
    /// provided that it was not sent or changes nothing.
    pub(super) async fn query(
        &self,
        sql: &str,
        parameters: Vec<Value>,
    ) -> Result<Vec<Row>, CatalogError> {
        let parameters: Vec<ParameterValue> = parameters.into_iter().map(to_spin).collect();
        loop {
            match self.choose() {
                Choice::Pooled(shared) => match run(shared, sql, parameters.clone()).await {
                    Err(Failed::NotSent(_)) => {}
                    Err(Failed::Lost(_)) if is_read(sql) => {}
                    result => return Ok(result?),
                },
                Choice::Open(opening) => {
                    let shared = self.open(opening).await?;
                    return Ok(run(shared, sql, parameters).await?);
                }
                Choice::Wait => spin_sdk::time::sleep(LOOK).await,
            }
        }
    }

    /// A free connection or, if there are enough of them, the one with the fewest statements.
    fn choose(&self) -> Choice<'_> {
        let mut connections = self.lock();
        connections.retain(|shared| !shared.is_broken.load(Ordering::Relaxed));
        let all = connections.len() + self.opening.load(Ordering::Relaxed);
        let running = |shared: &Arc<Shared>| shared.running.load(Ordering::Relaxed);
        let best = connections.iter().min_by_key(|shared| running(shared));
        match best {
            Some(best) if all >= CONNECTIONS || running(best) == 0 => {
                Choice::Pooled(Arc::clone(best))
            }
            None if all >= CONNECTIONS => Choice::Wait,
            _ => Choice::Open(Opening::begin(&self.opening)),
        }
    }

    async fn open(&self, opening: Opening<'_>) -> Result<Arc<Shared>, CatalogError> {
        let options = OpenOptions {
            ca_root: self.config.authorities.clone().map(Certificate::Text),
        };
        let opened = Connection::open_with_options(self.config.url.reveal(), options).await;
        let connection = opened.map_err(|error| match error {
            Error::PgError(PgError::ConnectionFailed(reason)) => {
                // Spin may add where in its own code that was noticed.
                let reason = reason
                    .split("\n\nStack backtrace")
                    .next()
                    .unwrap_or_default();
                CatalogError::database(format!("cannot connect to PostgreSQL: {reason}"))
            }
            error => CatalogError::database(error),
        })?;
        let shared = Arc::new(Shared {
            connection,
            running: AtomicUsize::new(0),
            is_broken: AtomicBool::new(false),
        });
        self.lock().push(Arc::clone(&shared));
        drop(opening);
        Ok(shared)
    }

    /// Never held while anything is waited for.
    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Arc<Shared>>> {
        let connections = self.connections.lock();
        connections.unwrap_or_else(PoisonError::into_inner)
    }
}

async fn run(
    shared: Arc<Shared>,
    sql: &str,
    parameters: Vec<ParameterValue>,
) -> Result<Vec<Row>, Failed> {
    let mut using = Use::begin(shared);
    let result = exchange(&using.shared.connection, sql, parameters).await;
    let result = result.map_err(|error| match error {
        Error::PgError(error) => failed(error),
        Error::Decode(reason) => Failed::Lost(CatalogError::unknown(reason)),
    });
    using.is_over = matches!(result, Ok(_) | Err(Failed::Refused(_)));
    result?
        .into_iter()
        .map(|row| row.into_iter().map(from_spin).collect())
        .map(|row: Result<_, _>| row.map(Row).map_err(Failed::Refused))
        .collect()
}

async fn exchange(
    connection: &Connection,
    sql: &str,
    parameters: Vec<ParameterValue>,
) -> Result<Vec<Vec<DbValue>>, Error> {
    let (_, rows, result) = connection.query(sql, parameters).await?.into_inner();
    let rows = rows.collect().await;
    // The end of the rows is not success: the outcome follows it.
    result.await?;
    Ok(rows)
}

fn failed(error: PgError) -> Failed {
    match error {
        PgError::ConnectionFailed(reason) => Failed::NotSent(CatalogError::database(reason)),
        PgError::BadParameter(reason) => Failed::Refused(CatalogError::database(reason)),
        PgError::QueryFailed(QueryError::DbError(error)) => refused(error),
        PgError::QueryFailed(QueryError::Text(reason))
        | PgError::ValueConversionFailed(reason)
        | PgError::Other(reason) => Failed::Lost(CatalogError::unknown(reason)),
    }
}

/// An error that the server has sent, or a pooler in front of it.
fn refused(error: DbError) -> Failed {
    // A session that the server ends may have ended before or after its last statement. A pooler
    // reports a server that it has lost as an error of the class 08.
    let is_lost = error.code.starts_with("08") || matches!(&*error.severity, "FATAL" | "PANIC");
    let is_undone = error.code.starts_with("40");
    let cause = ServerError::from(error);
    match () {
        () if is_lost => Failed::Lost(CatalogError::unknown(cause)),
        () if is_undone => Failed::Refused(CatalogError::undone(cause)),
        () => Failed::Refused(CatalogError::database(cause)),
    }
}

/// The part of a server's error that may be logged: its detail may have what clients wrote.
#[derive(Debug)]
struct ServerError {
    message: String,
    code: String,
    constraint: Option<String>,
}

impl From<DbError> for ServerError {
    fn from(error: DbError) -> Self {
        let mut extras = error.extras.into_iter();
        Self {
            message: error.message,
            code: error.code,
            constraint: extras.find_map(|(name, value)| (name == "constraint").then_some(value)),
        }
    }
}

impl fmt::Display for ServerError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} (SQLSTATE {}", self.message, self.code)?;
        if let Some(constraint) = &self.constraint {
            write!(formatter, ", constraint {constraint}")?;
        }
        formatter.write_str(")")
    }
}

impl std::error::Error for ServerError {}

fn to_spin(value: Value) -> ParameterValue {
    match value {
        Value::Null => ParameterValue::DbNull,
        Value::Integer(value) => ParameterValue::Int64(value),
        Value::Real(value) => ParameterValue::Floating64(value),
        Value::Text(value) => ParameterValue::Str(value),
        Value::Blob(value) => ParameterValue::Binary(value),
    }
}

fn from_spin(value: DbValue) -> Result<Value, CatalogError> {
    let text = |bytes| String::from_utf8(bytes).map(Value::Text);
    Ok(match value {
        DbValue::DbNull => Value::Null,
        DbValue::Boolean(value) => Value::Integer(value.into()),
        DbValue::Int8(value) => Value::Integer(value.into()),
        DbValue::Int16(value) => Value::Integer(value.into()),
        DbValue::Int32(value) => Value::Integer(value.into()),
        DbValue::Int64(value) => Value::Integer(value),
        DbValue::Floating32(value) => Value::Real(value.into()),
        DbValue::Floating64(value) => Value::Real(value),
        DbValue::Str(value) => Value::Text(value),
        DbValue::Binary(value) => Value::Blob(value),
        // Spin knows `jsonb`, and no `json`.
        DbValue::Jsonb(value) | DbValue::Unsupported(value) => {
            text(value).map_err(CatalogError::database)?
        }
        _ => {
            return Err(CatalogError::database(
                "a column has a type that is not expected",
            ));
        }
    })
}
