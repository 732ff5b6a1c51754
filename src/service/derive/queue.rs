//! How many derivations of an instance run at a time, and whose turn it is.
//!
//! A place goes to the owner with the fewest derivations, and among equals to whoever has waited
//! longest: an owner with many requests does not keep others waiting.
//!
//! Requests of an instance cannot wake each other, so those that wait look again after a pause.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::platform::Clock;

/// How many may wait for each place.
const WAITING_PER_PLACE: usize = 8;
/// The pause between two looks.
const PAUSE: Duration = Duration::from_millis(20);
/// How long to wait for a place.
const PATIENCE: Duration = Duration::from_secs(10);

/// The places for derivations of an instance. Clones share them.
#[derive(Clone, Debug)]
pub(in crate::service) struct Queue {
    places: usize,
    // Never held across an await.
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    /// The owners of the derivations in progress.
    running: Vec<String>,
    /// The tickets and owners of those that wait, in the order of their arrival.
    waiting: Vec<(u64, String)>,
    next_ticket: u64,
}

impl State {
    /// The ticket whose turn it is.
    fn next(&self) -> Option<u64> {
        let running = |owner: &String| self.running.iter().filter(|of| *of == owner).count();
        let waiting = self.waiting.iter();
        let next = waiting.min_by_key(|(ticket, owner)| (running(owner), *ticket));
        next.map(|(ticket, _)| *ticket)
    }
}

/// A place, which is free again when this is dropped.
#[derive(Debug)]
pub(super) struct Place {
    queue: Queue,
    owner: String,
}

/// A place in the line, which is given up when this is dropped.
struct Waiting<'a> {
    queue: &'a Queue,
    ticket: u64,
}

impl Queue {
    pub(in crate::service) fn new(places: usize) -> Self {
        Self {
            places,
            state: Arc::default(),
        }
    }

    /// Waits for a place, in turn. `None` if too many wait already, or if it takes too long.
    pub(super) async fn enter(&self, owner: &str, clock: &dyn Clock) -> Option<Place> {
        let waiting = self.line_up(owner)?;
        let mut waited = Duration::ZERO;
        loop {
            if let Some(place) = waiting.try_enter(owner) {
                return Some(place);
            }
            if waited >= PATIENCE {
                return None;
            }
            clock.sleep(PAUSE).await;
            waited += PAUSE;
        }
    }

    fn line_up(&self, owner: &str) -> Option<Waiting<'_>> {
        let mut state = self.lock();
        if state.waiting.len() >= self.places * WAITING_PER_PLACE {
            return None;
        }
        let ticket = state.next_ticket;
        state.next_ticket += 1;
        state.waiting.push((ticket, owner.to_owned()));
        Some(Waiting {
            queue: self,
            ticket,
        })
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Waiting<'_> {
    fn try_enter(&self, owner: &str) -> Option<Place> {
        let mut state = self.queue.lock();
        if state.running.len() >= self.queue.places || state.next() != Some(self.ticket) {
            return None;
        }
        state.waiting.retain(|(ticket, _)| *ticket != self.ticket);
        state.running.push(owner.to_owned());
        Some(Place {
            queue: self.queue.clone(),
            owner: owner.to_owned(),
        })
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        let mut state = self.queue.lock();
        state.waiting.retain(|(ticket, _)| *ticket != self.ticket);
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut state = self.queue.lock();
        let mut running = state.running.iter();
        if let Some(index) = running.position(|owner| *owner == self.owner) {
            state.running.swap_remove(index);
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;
    use crate::model::Timestamp;
    use crate::platform::testing::TestPlatform;

    fn platform() -> TestPlatform {
        TestPlatform::new(Timestamp::default)
    }

    #[tokio::test]
    async fn places_go_to_the_owner_with_the_fewest_and_then_to_the_first() {
        let (queue, platform) = (Queue::new(2), platform());
        let first = queue.enter("alice", &platform).await.expect("a place");
        let second = queue.enter("alice", &platform).await.expect("a place");
        let mut alice = Box::pin(queue.enter("alice", &platform));
        let mut bob = Box::pin(queue.enter("bob", &platform));
        let mut zoe = Box::pin(queue.enter("zoe", &platform));
        for waiting in [&mut alice, &mut bob, &mut zoe] {
            assert!(waiting.now_or_never().is_none());
        }
        drop(first);
        assert!((&mut alice).now_or_never().is_none());
        assert!((&mut zoe).now_or_never().is_none());
        drop(bob.await.expect("a place"));
        assert!((&mut alice).now_or_never().is_none());
        let zoe = zoe.await.expect("a place");
        drop(second);
        drop(alice.await.expect("a place"));
        drop(zoe);
        assert!(queue.lock().running.is_empty() && queue.lock().waiting.is_empty());
    }

    #[tokio::test]
    async fn a_line_that_is_full_and_a_long_wait_are_refused() {
        let (queue, platform) = (Queue::new(1), platform());
        let place = queue.enter("alice", &platform).await.expect("a place");
        let mut line: Vec<_> = (0..WAITING_PER_PLACE)
            .map(|_| Box::pin(queue.enter("alice", &platform)))
            .collect();
        for waiting in &mut line {
            assert!(waiting.now_or_never().is_none());
        }
        assert!(queue.enter("bob", &platform).await.is_none());
        // Whoever goes away makes room.
        line.pop();
        let mut bob = Box::pin(queue.enter("bob", &platform));
        assert!((&mut bob).now_or_never().is_none());
        assert!(bob.await.is_none());
        assert_eq!(queue.lock().waiting.len(), WAITING_PER_PLACE - 1);
        drop((line, place));
        assert!(queue.enter("bob", &platform).await.is_some());
    }
}
