//! Finding out what has become of a change whose answer was lost.
//!
//! A change of the catalog is one statement. If its answer does not arrive, because the connection
//! broke or the database was slow, the statement may have been carried out, or may still be
//! ([`CatalogError::Unknown`]). Then it is not repeated but looked for: ids are chosen before, so
//! that the catalog can be asked whether they are there. If the change is not found within a
//! moment, the request fails with 503, and nothing is deleted that the change may need: what it
//! has left behind is found by its lease, and a client that repeats the request finds out by its
//! key, ticket, offset or precondition.
//!
//! These are not looked for. Leases, claims of variants and counted failures expire by themselves.
//! A claim of a key is abandoned (`upload/idempotency.rs`). Erasures, sweeps, audits, and what
//! revokes or deletes everything of its kind can be repeated. Of many images that were to be
//! deleted at once, nobody can tell afterwards which had been there.

use std::time::Duration;

use super::Service;
use crate::catalog::CatalogError;

/// How long to wait before each look. What the database is still carrying out is usually done by
/// then.
const PAUSES: [Duration; 3] = [
    Duration::from_millis(25),
    Duration::from_millis(200),
    Duration::from_millis(800),
];
/// For how long to look, in milliseconds, while the database is slow.
const PATIENCE: i64 = 5000;

impl Service {
    /// Returns the answer to a change or, if that is missing, what `look` finds of the change.
    ///
    /// # Errors
    /// Those of the change. [`CatalogError::Unknown`] says that it was not found, and may still be
    /// made.
    pub(super) async fn find_out<T, F>(
        &self,
        answer: Result<T, CatalogError>,
        look: impl Fn() -> F,
    ) -> Result<T, CatalogError>
    where
        F: Future<Output = Result<Option<T>, CatalogError>>,
    {
        if !matches!(answer, Err(CatalogError::Unknown(_))) {
            return answer;
        }
        let until = self.now().plus_millis(PATIENCE);
        for pause in PAUSES {
            self.platform().sleep(pause).await;
            if let Ok(Some(found)) = look().await {
                return Ok(found);
            }
            if self.now() >= until {
                break;
            }
        }
        answer
    }
}
