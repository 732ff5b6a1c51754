//! Why there is no variant.

use darkroom_transform::PlanError;
use darkroom_transform::exchange::Refusal;

use crate::catalog::CatalogError;
use crate::platform::DeriveError;
use crate::service::ServiceError;

/// Why there is no variant.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DerivationError {
    /// The transform does not fit the image.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// The image, or the transform, was refused when it was derived.
    #[error("{reason}")]
    Refused {
        /// The kind of refusal.
        refusal: Refusal,
        /// The limit that was exceeded.
        limit: Option<u64>,
        /// The reason as text.
        reason: String,
    },
    /// Deriving anything from this content has failed too often lately.
    #[error("deriving from this image has failed repeatedly, and is not tried again for a day")]
    SourceFailed,
    /// The derivation failed, and may succeed if it is repeated.
    #[error("the derivation did not finish")]
    Failed,
    /// Too many derivations are in progress or waiting, or another request makes the variant
    /// and takes long.
    #[error("too many images are being derived")]
    Busy,
    /// The derived image alone is larger than all together may be.
    #[error("the derived image has more than the {limit} bytes that may be stored")]
    OverBudget {
        /// The maximum.
        limit: u64,
    },
    /// This deployment does not derive images.
    #[error("this deployment does not derive images")]
    Unavailable,
    /// The image is gone, or a store failed.
    #[error(transparent)]
    Service(#[from] ServiceError),
}

impl From<CatalogError> for DerivationError {
    fn from(error: CatalogError) -> Self {
        Self::Service(error.into())
    }
}

impl From<DeriveError> for DerivationError {
    fn from(error: DeriveError) -> Self {
        match error {
            DeriveError::Refused {
                refusal,
                limit,
                reason,
            } => Self::Refused {
                refusal,
                limit,
                reason,
            },
            DeriveError::Trapped | DeriveError::TimedOut => Self::Failed,
            DeriveError::Busy => Self::Busy,
            DeriveError::Unavailable => Self::Unavailable,
        }
    }
}

impl DerivationError {
    /// Whether the source is to blame: after several such failures nothing is derived from it
    /// for a while, so that nobody can keep the deployment busy with it.
    pub(super) fn blames_source(&self) -> bool {
        match self {
            Self::Failed => true,
            Self::Refused { refusal, .. } => *refusal == Refusal::Undecodable,
            _ => false,
        }
    }
}
