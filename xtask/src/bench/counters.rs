//! The counters of the embedded host, which writes them to its log on SIGUSR1.

use std::fs;
use std::path::Path;
use std::thread;
use std::time::Duration;

use rustix::process::Signal;

use crate::signals;

/// The counters since the host's start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counters {
    /// The largest linear memory of a guest so far, in bytes.
    pub(crate) peak_guest: u64,
    /// Requests received.
    pub(crate) requests: u64,
    /// SQL statements.
    pub(crate) statements: u64,
    /// Calls to key-value stores, and requests to other servers.
    pub(crate) store_calls: u64,
}

/// The load of a request on the stores, on average.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct PerRequest {
    /// SQL statements.
    pub(crate) statements: f64,
    /// Calls to the blob store.
    pub(crate) store_calls: f64,
}

impl Counters {
    /// Asks the host for its counters. Returns none if it does not answer, as Spin does not.
    pub(crate) fn read(host: u32, log: &Path) -> Option<Self> {
        let lines = || Some(lines(&fs::read_to_string(log).ok()?).len());
        let before = lines()?;
        signals::send(host, Signal::USR1);
        for _ in 0..50 {
            thread::sleep(Duration::from_millis(20));
            if lines()? > before {
                return Self::last(&fs::read_to_string(log).ok()?);
            }
        }
        None
    }

    /// The counts since `earlier`, divided by the number of requests.
    #[expect(clippy::cast_precision_loss, reason = "far below 2^53")]
    pub(crate) fn per_request_since(&self, earlier: &Self) -> Option<PerRequest> {
        let requests = self.requests.checked_sub(earlier.requests)?;
        let each = |now: u64, then: u64| now.saturating_sub(then) as f64 / requests as f64;
        (requests > 0).then(|| PerRequest {
            statements: each(self.statements, earlier.statements),
            store_calls: each(self.store_calls, earlier.store_calls),
        })
    }

    /// The last counters in a log.
    fn last(log: &str) -> Option<Self> {
        let line = lines(log).pop()?;
        let number = |name: &str| {
            let pairs = line
                .split_whitespace()
                .filter_map(|pair| pair.split_once('='));
            let (_, value) = pairs.into_iter().find(|(found, _)| *found == name)?;
            value.parse::<u64>().ok()
        };
        Some(Self {
            peak_guest: number("peak_guest_memory_bytes")?,
            requests: number("requests")?,
            statements: number("sql_statements")?,
            store_calls: number("store_calls")? + number("outbound_requests")?,
        })
    }
}

/// The lines with counters, each from the first counter on.
fn lines(log: &str) -> Vec<&str> {
    let lines = log.lines().filter_map(|line| line.split_once("stats "));
    lines.map(|(_, counters)| counters).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOG: &str = "stats peak_guest_memory_bytes=1 requests=1 sql_statements=1 store_calls=0 \
                       outbound_requests=0\nx\nINFO stats peak_guest_memory_bytes=22 requests=11 \
                       traps=0 sql_statements=21 store_calls=3 outbound_requests=2\n";

    #[test]
    fn the_last_counters_of_a_log_are_read() {
        let last = Counters::last(LOG).expect("counters");
        let expected = Counters {
            peak_guest: 22,
            requests: 11,
            statements: 21,
            store_calls: 5,
        };
        assert_eq!(last, expected);
        assert_eq!(Counters::last("nothing"), None);
    }

    #[test]
    fn the_load_of_a_request_is_computed_from_the_difference() {
        let earlier = Counters {
            requests: 1,
            statements: 1,
            ..Counters::default()
        };
        let last = Counters::last(LOG).expect("counters");
        let per_request = last.per_request_since(&earlier).expect("requests");
        assert_eq!(
            (per_request.statements, per_request.store_calls),
            (2.0, 0.5)
        );
        assert_eq!(last.per_request_since(&last), None);
    }
}
