//! Bodies of requests that come too slowly.

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::time::{Instant, Sleep};
use wasmtime_wasi_http::Error;

/// The bytes that buy a second: whoever sends faster may go on for as long as it takes.
const RATE: u32 = 1000;

/// A body that fails once its sender has been waited for too long.
pub struct Timed<B> {
    body: B,
    patience: Patience,
    sleep: Pin<Box<Sleep>>,
}

impl<B> Timed<B> {
    /// The body, of whose sender this is expected.
    pub fn new(body: B, timeout: Duration) -> Self {
        Self {
            body,
            patience: Patience::new(timeout),
            sleep: Box::pin(tokio::time::sleep(timeout)),
        }
    }
}

impl<B: Body<Data = Bytes> + Unpin> Body for Timed<B>
where
    B::Error: Into<Error>,
{
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        if let Poll::Ready(frame) = Pin::new(&mut self.body).poll_frame(context) {
            let data = frame
                .as_ref()
                .and_then(|frame| frame.as_ref().ok()?.data_ref());
            let length = data.map_or(0, Bytes::len);
            self.patience.comes(Instant::now(), length);
            return Poll::Ready(frame.map(|frame| frame.map_err(Into::into)));
        }
        let deadline = self.patience.waits(Instant::now());
        if self.sleep.deadline() != deadline {
            self.sleep.as_mut().reset(deadline);
        }
        ready!(self.sleep.as_mut().poll(context));
        Poll::Ready(Some(Err(Error::ConnectionReadTimeout)))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// How long a sender is waited for: a time, and a second more for every [`RATE`] bytes
/// that came. Only waiting counts, while more was asked for and nothing was there, so
/// that a slow application is no client's fault.
struct Patience {
    allowed: Duration,
    waited: Duration,
    waiting_since: Option<Instant>,
}

impl Patience {
    fn new(allowed: Duration) -> Self {
        Self {
            allowed,
            waited: Duration::ZERO,
            waiting_since: None,
        }
    }

    /// Nothing is there now. When it has been waited for too long.
    fn waits(&mut self, now: Instant) -> Instant {
        let since = *self.waiting_since.get_or_insert(now);
        since + self.allowed.saturating_sub(self.waited)
    }

    /// So many bytes are there now.
    fn comes(&mut self, now: Instant, length: usize) {
        if let Some(since) = self.waiting_since.take() {
            self.waited += now.saturating_duration_since(since);
        }
        let length = u32::try_from(length).unwrap_or(u32::MAX);
        self.allowed += Duration::from_secs(length.into()) / RATE;
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
            patience.comes(now, length);
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
    fn who_sends_fast_enough_may_take_as_long_as_it_takes() {
        assert!(is_patient(1000, Duration::from_secs(1)));
        assert!(!is_patient(1000, Duration::from_millis(1020)));
    }

    #[test]
    fn time_in_which_nobody_asks_does_not_count() {
        let mut patience = Patience::new(TIMEOUT);
        let mut now = Instant::now();
        for _ in 0..100 {
            now += Duration::from_secs(60);
            patience.comes(now, 0);
        }
        assert_eq!(patience.waits(now), now + TIMEOUT);
        // Asking again and again is one wait.
        let later = now + Duration::from_secs(3);
        assert_eq!(patience.waits(later), now + TIMEOUT);
    }
}
