//! A connection that a guest holds, and the statements that run on it.

use super::STATEMENT;
use super::parameters::Parameter;
use super::rows::{self, Column, Value};
use super::tls::Tls;
use crate::log;
use deadpool_postgres::Object;
use futures_util::TryStreamExt as _;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;
use tokio::time::timeout;
use tokio_postgres::{CancelToken, Error};

/// The maximum length of a result, as in Spin.
const RESULT_BYTES: usize = 128 << 20;
/// How long asking a server to cancel a statement may take.
const CANCEL: Duration = Duration::from_secs(5);

/// A connection that a guest holds. All of its statements are over when it goes back to its pool;
/// otherwise, it is closed.
#[derive(Clone)]
pub struct Connection(Arc<Session>);

struct Session {
    /// `None` only while it is dropped.
    client: Option<Object>,
    tls: Tls,
    running: AtomicUsize,
    /// Whether a statement was given up while it ran.
    is_spoiled: AtomicBool,
}

/// What became of a statement that the server has accepted.
pub struct Outcome {
    /// The columns of the result.
    pub columns: Vec<Column>,
    /// The rows before the error, if there is one.
    pub rows: Vec<Vec<Value>>,
    /// How many rows the statement has changed or returned.
    pub affected: u64,
    /// The error that ended the statement.
    pub error: Option<Failure>,
}

/// Why a statement failed.
pub enum Failure {
    /// It was not sent.
    Closed(&'static str),
    /// The server refused it, or the connection was lost, and then the outcome is unknown.
    Query(Error),
    /// It was given up, and its outcome is unknown.
    GivenUp(Duration),
    /// The result is too long.
    TooLong,
    /// A value of the result cannot be represented.
    Value(anyhow::Error),
}

impl Connection {
    pub(super) fn new(client: Object, tls: Tls) -> Self {
        Self(Arc::new(Session {
            client: Some(client),
            tls,
            running: AtomicUsize::new(0),
            is_spoiled: AtomicBool::new(false),
        }))
    }

    /// Runs a statement. If the future is dropped before its end, the connection accepts no other
    /// one, and is closed.
    pub async fn query(&self, sql: &str, parameters: Vec<Parameter>) -> Result<Outcome, Failure> {
        let session = &*self.0;
        let client = session.client.as_ref().filter(|client| !client.is_closed());
        let client = client.ok_or(Failure::Closed("the connection is closed"))?;
        if session.is_spoiled.load(Ordering::Relaxed) {
            let why = "the connection is closed: one of its statements was given up";
            return Err(Failure::Closed(why));
        }
        let mut running = Running::begin(session);
        let result = timeout(STATEMENT, run(client, sql, parameters)).await;
        running.is_over = !matches!(result, Err(_) | Ok(Err(Failure::TooLong)));
        result.unwrap_or(Err(Failure::GivenUp(STATEMENT)))
    }
}

async fn run(client: &Object, sql: &str, parameters: Vec<Parameter>) -> Result<Outcome, Failure> {
    let typed = parameters.into_iter().map(|parameter| {
        let kind = parameter.kind();
        (parameter, kind)
    });
    let result = client.query_typed_raw(sql, typed).await;
    let mut result = pin!(result.map_err(Failure::Query)?);
    let mut outcome = Outcome {
        columns: Vec::new(),
        rows: Vec::new(),
        affected: 0,
        error: None,
    };
    let mut bytes = 0;
    // A result is read to its end even if one of its values is refused: the connection goes on.
    loop {
        match result.try_next().await {
            Ok(None) => break,
            Ok(Some(_)) if outcome.error.is_some() => {}
            Ok(Some(row)) => {
                if outcome.rows.is_empty() {
                    outcome.columns = row.columns().iter().map(column).collect();
                }
                match rows::values(&row) {
                    Ok(values) => {
                        bytes += values.iter().map(Value::size).sum::<usize>();
                        outcome.rows.push(values);
                    }
                    Err(error) => outcome.error = Some(Failure::Value(error)),
                }
                if bytes > RESULT_BYTES {
                    return Err(Failure::TooLong);
                }
            }
            Err(error) => {
                outcome.error = Some(Failure::Query(error));
                break;
            }
        }
    }
    outcome.affected = result.rows_affected().unwrap_or(0);
    Ok(outcome)
}

fn column(column: &tokio_postgres::Column) -> Column {
    Column {
        name: column.name().to_owned(),
        kind: column.type_().clone(),
    }
}

/// A statement under way.
struct Running<'a> {
    session: &'a Session,
    is_over: bool,
}

impl<'a> Running<'a> {
    fn begin(session: &'a Session) -> Self {
        session.running.fetch_add(1, Ordering::AcqRel);
        let is_over = false;
        Self { session, is_over }
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        let session = self.session;
        let is_last = session.running.fetch_sub(1, Ordering::AcqRel) == 1;
        if self.is_over {
            return;
        }
        session.is_spoiled.store(true, Ordering::Relaxed);
        // Whatever runs next on the connection would be cancelled in its place.
        if let Some(client) = session.client.as_ref().filter(|_| is_last) {
            cancel(client.cancel_token(), session.tls.clone());
        }
    }
}

/// Asks the server to end a statement that nobody waits for. It holds locks until it ends.
fn cancel(token: CancelToken, tls: Tls) {
    let Ok(runtime) = tokio::runtime::Handle::try_current() else {
        return;
    };
    runtime.spawn(async move {
        if let Ok(Err(error)) = timeout(CANCEL, token.cancel_query(tls)).await {
            log::debug(format_args!("a statement cannot be cancelled: {error}"));
        }
    });
}

impl Drop for Session {
    fn drop(&mut self) {
        if let Some(client) = self.client.take()
            && self.is_spoiled.load(Ordering::Relaxed)
        {
            // Taken from the pool, and closed.
            drop(Object::take(client));
        }
    }
}
