//! Rate limits: what a client may do per minute. A client has an allowance that a minute refills
//! from empty to full, evenly: after a pause, all of it may be used at once.
//!
//! What has been used is expressed as time: how long it takes until the allowance is full again.
//! One number says everything then (the generic cell rate algorithm, GCRA).

/// The time in which an empty allowance is refilled.
pub const WINDOW_MICROS: i64 = 60_000_000;

/// The longest that a client waits for what it has used beyond its allowance, which can be large:
/// the bytes of an answer are known only when the request has been admitted.
pub const LONGEST_DEBT_MICROS: i64 = 10 * WINDOW_MICROS;

/// A limit of requests or of bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RateLimit {
    /// How many there may be per minute; not 0.
    pub per_minute: u64,
}

impl RateLimit {
    /// The time in which the use of `count` is refilled, in microseconds.
    pub fn cost(self, count: u64) -> i64 {
        let window = u128::from(WINDOW_MICROS.unsigned_abs());
        let cost = (u128::from(count) * window).div_ceil(u128::from(self.per_minute.max(1)));
        i64::try_from(cost).map_or(LONGEST_DEBT_MICROS, |cost| cost.min(LONGEST_DEBT_MICROS))
    }

    /// How much of the allowance is left when it will be full again in this time.
    pub fn left(self, until_full: i64) -> u64 {
        let unused = WINDOW_MICROS.saturating_sub(until_full).max(0);
        let unused = u128::from(unused.unsigned_abs());
        let left = unused * u128::from(self.per_minute) / u128::from(WINDOW_MICROS.unsigned_abs());
        u64::try_from(left).unwrap_or(u64::MAX).min(self.per_minute)
    }
}

/// The limits of a deployment; `None`: there is no such limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RateLimits {
    /// How many requests a client may make.
    pub requests: Option<RateLimit>,
    /// How many bytes a client may send and receive.
    pub bytes: Option<RateLimit>,
}

impl RateLimits {
    /// Whether anything is limited.
    pub fn are_on(&self) -> bool {
        self.requests.is_some() || self.bytes.is_some()
    }

    /// Where a client stands that has used this much, after a request that costs `cost` and for
    /// which there was room or not.
    pub fn standing(&self, cost: RateUse, (has_room, used): (bool, RateUse)) -> RateStanding {
        let allowance = |limit: RateLimit, until_full: i64| Allowance {
            per_minute: limit.per_minute,
            left: limit.left(until_full),
            full_in: seconds(until_full),
        };
        // What has to be refilled before there is room.
        let requests = used.requests.saturating_add(cost.requests) - WINDOW_MICROS;
        let bytes = used.bytes.saturating_add(1) - WINDOW_MICROS;
        RateStanding {
            requests: self.requests.map(|limit| allowance(limit, used.requests)),
            bytes: self.bytes.map(|limit| allowance(limit, used.bytes)),
            retry_after: (!has_room).then(|| seconds(requests.max(bytes)).max(1)),
        }
    }
}

/// What is left of one allowance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Allowance {
    /// How much there is per minute.
    pub per_minute: u64,
    /// How much is left.
    pub left: u64,
    /// The seconds until it is full again.
    pub full_in: u64,
}

/// Where a client stands after a request; `None`: there is no such limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RateStanding {
    /// Its requests.
    pub requests: Option<Allowance>,
    /// Its bytes.
    pub bytes: Option<Allowance>,
    /// `Some` if the request is refused: the seconds after which the client may try again.
    pub retry_after: Option<u64>,
}

/// Whole seconds, rounded up.
fn seconds(micros: i64) -> u64 {
    micros.max(0).unsigned_abs().div_ceil(1_000_000)
}

/// Times in microseconds, of requests and of bytes: what something costs, or how long it takes
/// until both allowances of a client are full.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RateUse {
    /// Of requests.
    pub requests: i64,
    /// Of bytes.
    pub bytes: i64,
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_minute_refills_the_whole_allowance() {
        for (per_minute, count, cost, left) in [
            (60, 1, 1_000_000, 59),
            (60, 60, WINDOW_MICROS, 0),
            (7, 1, 8_571_429, 5),
            (7, 7, WINDOW_MICROS, 0),
            (1, 1, WINDOW_MICROS, 0),
            (1 << 40, 1, 1, (1 << 40) - 18_326),
            (10, 0, 0, 10),
            (10, u64::MAX, LONGEST_DEBT_MICROS, 0),
        ] {
            let limit = RateLimit { per_minute };
            assert_eq!(limit.cost(count), cost, "{per_minute} {count}");
            assert_eq!(limit.left(cost), left, "{per_minute} {count}");
        }
    }

    proptest! {
        #[test]
        fn what_is_left_is_never_more_than_what_was_not_used(
            per_minute in 1..1_u64 << 50, used in 0..1_u64 << 50,
        ) {
            let limit = RateLimit { per_minute };
            prop_assert!(limit.left(limit.cost(used)) <= per_minute.saturating_sub(used));
            prop_assert_eq!(limit.left(-1), per_minute);
        }
    }
}
