//! The vocabulary of the conformance suites ([`crate::blobs::conformance`],
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
    /// Reports that `promise` was broken, and what was `found` instead.
    pub fn new(promise: impl Into<String>, found: impl Display) -> Self {
        Self {
            promise: promise.into(),
            found: found.to_string(),
        }
    }
}

/// Checks that `promise` is kept.
pub fn ensure(promise: &str, kept: bool) -> Result<(), Failure> {
    if kept {
        Ok(())
    } else {
        Err(Failure::new(promise, "it was not kept"))
    }
}

/// Checks that `promise` is kept: that both values are equal.
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

/// Runs the cases of a suite in order and returns their names. A case is a method of the
/// suite; a case that is not on the list is dead code.
macro_rules! run_cases {
    ($suite:expr, [$($case:ident),* $(,)?]) => {{
        $($suite.$case().await?;)*
        vec![$(stringify!($case)),*]
    }};
}
pub(crate) use run_cases;
