//! Connections to PostgreSQL, pooled as in Spin: 64 for each address, cleaned before another use.
//!
//! Spin prepares every statement, which takes a second round trip and a session of its own. This
//! host sends a statement with its values and their types at once, so that it also works through
//! a pooler that changes sessions between transactions. Nothing is waited for without end.

mod channel_binding;
mod connection;
mod parameters;
mod pool;
mod rows;
mod tls;

pub use connection::{Connection, Failure, Outcome};
pub use parameters::Parameter;
pub use pool::{Builder, Pools};
pub use rows::{Column, Value};

use std::time::Duration;

/// How long connecting to a server may take, unless the address says otherwise.
const CONNECT: Duration = Duration::from_secs(5);
/// How long a request waits for a connection while all are in use.
const WAIT: Duration = Duration::from_secs(10);
/// How long cleaning a connection may take before another one replaces it.
const RECYCLE: Duration = Duration::from_secs(5);
/// How long a statement may take. Guests that are less patient end it earlier.
const STATEMENT: Duration = Duration::from_secs(15 * 60);
/// How long a server may take to acknowledge what was sent, before its connection is given up.
const UNACKNOWLEDGED: Duration = Duration::from_secs(15);

#[cfg(test)]
mod tests;
