//! The small vocabulary of the conformance suites ([`crate::blobs::conformance`],
//! [`crate::catalog::conformance`]). A broken promise is an error, not a panic,
//! so that the suites also run inside the component on a real host.

use std::fmt::{Debug, Display};

/// A promise that a store did not keep.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{promise}: {found}")]
pub struct Failure {
    promise: String,
    found: String,
}

impl Failure {
    /// `promise` was broken by what was `found` instead.
    pub fn new(promise: impl Into<String>, found: impl Display) -> Self {
        Self {
            promise: promise.into(),
            found: found.to_string(),
        }
    }
}

/// `promise` is kept if `kept`.
pub fn ensure(promise: &str, kept: bool) -> Result<(), Failure> {
    if kept {
        Ok(())
    } else {
        Err(Failure::new(promise, "not so"))
    }
}

/// `promise` is kept if both are equal.
pub fn ensure_eq<T: PartialEq + Debug>(
    promise: &str,
    found: T,
    expected: T,
) -> Result<(), Failure> {
    if found == expected {
        Ok(())
    } else {
        Err(Failure::new(
            promise,
            format!("{found:?} instead of {expected:?}"),
        ))
    }
}

/// Runs the cases of a suite, one after another, and gives their names. A case is a method
/// of the suite; one that is not on the list is dead code.
macro_rules! run_cases {
    ($suite:expr, [$($case:ident),* $(,)?]) => {{
        $($suite.$case().await?;)*
        vec![$(stringify!($case)),*]
    }};
}
pub(crate) use run_cases;
