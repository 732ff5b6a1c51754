//! How long the host waits for a slow client.

use std::time::Duration;
use tokio::time::Instant;

/// The bytes that restore one second: a client that transfers this many per second is never cut
/// off.
const RATE: u32 = 1000;

/// The time that the host waits for a client. Waiting uses it up, and every thousand bytes that
/// are transferred restore a second, up to the initial time. Only time spent waiting for the
/// client counts, so that a client is not blamed for a slow application.
#[derive(Debug)]
pub struct Patience {
    allowed: Duration,
    left: Duration,
    waiting_since: Option<Instant>,
}

impl Patience {
    /// The patience with a new client, which has `allowed` in all.
    pub fn new(allowed: Duration) -> Self {
        Self {
            allowed,
            left: allowed,
            waiting_since: None,
        }
    }

    /// Starts waiting for the client, unless that has already started. Returns the deadline.
    pub fn waits(&mut self, now: Instant) -> Instant {
        let since = *self.waiting_since.get_or_insert(now);
        since + self.left
    }

    /// Stops waiting for the client, which has transferred `length` bytes.
    pub fn moves(&mut self, now: Instant, length: usize) {
        if let Some(since) = self.waiting_since.take() {
            let waited = now.saturating_duration_since(since);
            self.left = self.left.saturating_sub(waited);
        }
        let length = u32::try_from(length).unwrap_or(u32::MAX);
        let bought = Duration::from_secs(length.into()) / RATE;
        self.left = self.left.saturating_add(bought).min(self.allowed);
    }

    /// The deadline, if the host is waiting for the client.
    pub fn deadline(&self) -> Option<Instant> {
        Some(self.waiting_since? + self.left)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TIMEOUT: Duration = Duration::from_secs(10);

    /// Whether the host waits for a client that sends `length` bytes at intervals of `apart`, a
    /// thousand times.
    fn is_patient(length: usize, apart: Duration) -> bool {
        let mut patience = Patience::new(TIMEOUT);
        let mut now = Instant::now();
        (0..1000).all(|_| {
            let deadline = patience.waits(now);
            now += apart;
            patience.moves(now, length);
            now < deadline
        })
    }

    #[test]
    fn a_client_that_sends_single_bytes_gets_hardly_more_time_than_a_silent_one() {
        assert!(is_patient(1, Duration::from_millis(10)));
        assert!(!is_patient(1, Duration::from_millis(12)));
        let start = Instant::now();
        assert_eq!(Patience::new(TIMEOUT).waits(start), start + TIMEOUT);
    }

    #[test]
    fn a_client_that_is_fast_enough_has_unlimited_time() {
        assert!(is_patient(1000, Duration::from_secs(1)));
        assert!(!is_patient(1000, Duration::from_millis(1020)));
    }

    #[test]
    fn a_client_that_was_fast_before_it_stops_gets_no_extra_time() {
        let mut patience = Patience::new(TIMEOUT);
        let now = Instant::now();
        patience.waits(now);
        patience.moves(now + TIMEOUT / 2, 100 << 20);
        assert_eq!(patience.waits(now + TIMEOUT), now + 2 * TIMEOUT);
    }

    #[test]
    fn only_time_spent_waiting_counts() {
        let mut patience = Patience::new(TIMEOUT);
        let mut now = Instant::now();
        for _ in 0..100 {
            now += Duration::from_secs(60);
            patience.moves(now, 0);
        }
        assert_eq!(patience.deadline(), None);
        assert_eq!(patience.waits(now), now + TIMEOUT);
        // Repeated calls are part of the same wait.
        let later = now + Duration::from_secs(3);
        assert_eq!(patience.waits(later), now + TIMEOUT);
        assert_eq!(patience.deadline(), Some(now + TIMEOUT));
    }
}
