//! Rate limits. The database's clock goes on meanwhile, so the figures are minutes.

use super::Suite;
use crate::conformance::{Failure, ensure, ensure_eq};
use crate::model::RateUse;

const MINUTE: i64 = 60_000_000;

impl Suite<'_> {
    async fn use_minutes(
        &self,
        client: &str,
        (requests, bytes): (i64, i64),
        most: i64,
    ) -> Result<(bool, i64, i64), Failure> {
        let client = format!("{}{client}", self.prefix);
        let cost = RateUse {
            requests: requests * MINUTE,
            bytes: bytes * MINUTE,
        };
        let used = self.catalog.use_rate(&client, cost, most * MINUTE).await;
        let (has_room, used) = self.step("using an allowance", used)?;
        // What is left of a minute that has begun.
        let minutes = |micros: i64| (micros + MINUTE - 1) / MINUTE;
        Ok((has_room, minutes(used.requests), minutes(used.bytes)))
    }

    pub(super) async fn an_allowance_is_used_up_to_its_limit(&self) -> Result<(), Failure> {
        for (client, cost, most, expected) in [
            ("a", (2, 0), 5, (true, 2, 0)),
            ("a", (2, 0), 5, (true, 4, 0)),
            ("a", (2, 0), 5, (false, 4, 0)),
            ("b", (2, 0), 5, (true, 2, 0)),
            ("a", (1, 0), 5, (true, 5, 0)),
            // Bytes are added without regard to the limit, and refuse requests then.
            ("b", (0, 4), i64::MAX / MINUTE / 4, (true, 2, 4)),
            ("b", (0, 4), i64::MAX / MINUTE / 4, (true, 2, 8)),
            ("b", (1, 0), 5, (false, 2, 8)),
            ("b", (0, 9), i64::MAX / MINUTE / 4, (true, 2, 10)),
            ("c", (0, 11), i64::MAX / MINUTE / 4, (true, 0, 10)),
        ] {
            let used = self.use_minutes(client, cost, most).await?;
            ensure_eq("an allowance is used", used, expected)?;
        }
        Ok(())
    }

    pub(super) async fn only_full_allowances_are_forgotten(&self) -> Result<(), Failure> {
        self.use_minutes("kept", (2, 0), 5).await?;
        self.use_minutes("full", (0, 0), 5).await?;
        self.step("forgetting", self.catalog.forget_rates(1000).await)?;
        let (_, requests, _) = self.use_minutes("kept", (1, 0), 5).await?;
        ensure("what was used is remembered", requests == 3)
    }
}
