//! How a long computation lets its host run others.

/// Is called often while pixels are computed: at least every 5 ms where the codec allows it.
///
/// A guest that computes holds a thread of its host. One that sleeps for a moment now and then
/// gives it back, so that other requests are not held up. An implementation reads a clock or a
/// counter, and seldom sleeps.
pub trait Pause {
    /// Lets others run if it is time.
    fn pause(&self);
}

/// Never pauses.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoPause;

impl Pause for NoPause {
    fn pause(&self) {}
}
