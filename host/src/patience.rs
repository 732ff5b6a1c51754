//! How long a slow client is waited for.

use std::time::Duration;
use tokio::time::Instant;

/// The bytes that buy a second: a client that is as fast may go on for as long as it takes.
const RATE: u32 = 1000;

/// How long a client is waited for: a time, of which waiting takes away and every
/// thousand bytes give a second back. What came before it stopped buys a client no more than the
/// whole time again. Only waiting for the client counts, so that a slow application is no
/// client's fault.
#[derive(Debug)]
pub struct Patience {
    allowed: Duration,
    left: Duration,
    waiting_since: Option<Instant>,
}

impl Patience {
    /// A client that has not been waited for yet.
    pub fn new(allowed: Duration) -> Self {
        Self {
            allowed,
            left: allowed,
            waiting_since: None,
        }
    }

    /// The client is waited for from now on, if it is not already. When it has been waited
    /// for too long.
    pub fn waits(&mut self, now: Instant) -> Instant {
        let since = *self.waiting_since.get_or_insert(now);
        since + self.left
    }

    /// The client has sent or taken so many bytes, and is not waited for any more.
    pub fn moves(&mut self, now: Instant, length: usize) {
        if let Some(since) = self.waiting_since.take() {
            let waited = now.saturating_duration_since(since);
            self.left = self.left.saturating_sub(waited);
        }
        let length = u32::try_from(length).unwrap_or(u32::MAX);
        let bought = Duration::from_secs(length.into()) / RATE;
        self.left = self.left.saturating_add(bought).min(self.allowed);
    }

    /// When the client has been waited for too long, if it is waited for.
    pub fn deadline(&self) -> Option<Instant> {
        Some(self.waiting_since? + self.left)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TIMEOUT: Duration = Duration::from_secs(10);

    /// Whether a sender of so many bytes every `apart` is waited for in between, a
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
    fn a_sender_of_single_bytes_is_waited_for_hardly_longer_than_a_silent_one() {
        assert!(is_patient(1, Duration::from_millis(10)));
        assert!(!is_patient(1, Duration::from_millis(12)));
        let start = Instant::now();
        assert_eq!(Patience::new(TIMEOUT).waits(start), start + TIMEOUT);
    }

    #[test]
    fn a_client_that_is_fast_enough_may_take_as_long_as_it_takes() {
        assert!(is_patient(1000, Duration::from_secs(1)));
        assert!(!is_patient(1000, Duration::from_millis(1020)));
    }

    #[test]
    fn a_client_that_was_fast_and_stops_is_waited_for_no_longer_than_any_other() {
        let mut patience = Patience::new(TIMEOUT);
        let now = Instant::now();
        patience.waits(now);
        patience.moves(now + TIMEOUT / 2, 100 << 20);
        assert_eq!(patience.waits(now + TIMEOUT), now + 2 * TIMEOUT);
    }

    #[test]
    fn time_in_which_nobody_asks_does_not_count() {
        let mut patience = Patience::new(TIMEOUT);
        let mut now = Instant::now();
        for _ in 0..100 {
            now += Duration::from_secs(60);
            patience.moves(now, 0);
        }
        assert_eq!(patience.deadline(), None);
        assert_eq!(patience.waits(now), now + TIMEOUT);
        // Asking again and again is one wait.
        let later = now + Duration::from_secs(3);
        assert_eq!(patience.waits(later), now + TIMEOUT);
        assert_eq!(patience.deadline(), Some(now + TIMEOUT));
    }
}
