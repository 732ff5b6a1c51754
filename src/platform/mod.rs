//! What a host must provide besides stores: a clock, randomness, work after responses, a
//! log, HTTP to other servers, and the component that derives images. The component gets it from Spin; tests and fuzzers have
//! their own.

mod derive;
mod http;
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) mod testing;

use std::time::Duration;

use futures_util::future::BoxFuture;
use uuid::Uuid;

use crate::model::Timestamp;

pub use derive::{ChainedDeriver, DeriveError, DeriveLimits, Derived, Deriver, Source};
pub use http::{HttpBody, HttpClient, HttpError, HttpErrorKind};

/// A clock, which can also wait for time to pass.
pub trait Clock: Send + Sync {
    /// The current time.
    fn now(&self) -> Timestamp;

    /// Returns a future that completes after `time`.
    fn sleep(&self, time: Duration) -> BoxFuture<'static, ()>;
}

/// What the service needs of its host.
pub trait Platform: Clock {
    /// Random bits that cannot be predicted.
    fn random(&self) -> u128;

    /// Runs work after the response has been sent. It may be cut off before it ends.
    fn spawn(&self, work: BoxFuture<'static, ()>);

    /// Writes a line to the operator's log.
    fn log(&self, line: &str);

    /// The header in which the host wants to be told the route of each response, and which it
    /// removes; `None` if it does not count responses by route.
    fn route_header(&self) -> Option<String> {
        None
    }
}

/// Creates a UUIDv7 (RFC 9562 §5.7) with the current time.
pub fn new_id(platform: &dyn Platform) -> Uuid {
    id_at(platform, platform.now())
}

/// Creates a UUIDv7 with another time.
pub fn id_at(platform: &dyn Platform, time: Timestamp) -> Uuid {
    let millis = time.millis().unsigned_abs();
    let [a, b, c, d, e, f, g, h, i, j, ..] = platform.random().to_le_bytes();
    let random = [a, b, c, d, e, f, g, h, i, j];
    uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid()
}

#[cfg(test)]
mod tests {
    use super::testing::TestPlatform;
    use super::*;

    #[test]
    fn ids_contain_the_platform_time_and_differ() {
        let now = Timestamp::from_millis(1_800_000_000_123);
        let platform = TestPlatform::new(move || now);
        let (first, second) = (new_id(&platform), new_id(&platform));
        assert_ne!(first, second);
        assert_eq!(first.get_version_num(), 7);
        assert_eq!(first.get_variant(), uuid::Variant::RFC4122);
        let time = first.get_timestamp().expect("a time").to_unix();
        assert_eq!(time, (1_800_000_000, 123_000_000));
    }
}
