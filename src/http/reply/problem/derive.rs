//! The problems of derived images.

use axum::http::header;
use darkroom_transform::exchange::Refusal;
use darkroom_transform::{ParseError, PlanError, iiif};

use super::{Problem, ProblemKind};
use crate::service::DerivationError;

impl From<ParseError> for Problem {
    fn from(error: ParseError) -> Self {
        let problem = Self::bad_request(error.to_string());
        match error.parameter() {
            Some(parameter) => problem.with("parameter", parameter),
            None => problem,
        }
    }
}

impl From<iiif::Error> for Problem {
    fn from(error: iiif::Error) -> Self {
        let problem = Self::bad_request(error.to_string());
        let problem = problem.with("parameter", error.part().name());
        match error.limit() {
            Some(limit) => problem.with("limit", limit),
            None => problem,
        }
    }
}

impl From<PlanError> for Problem {
    fn from(error: PlanError) -> Self {
        let detail = error.to_string();
        match error {
            PlanError::CropOutside { .. } => Self::bad_request(detail).with("parameter", "crop"),
            PlanError::TooLarge { limit, actual } => {
                let problem = Self::new(ProblemKind::DerivedTooLarge, detail);
                problem.with("limit", limit).with("actual", actual)
            }
        }
    }
}

impl From<DerivationError> for Problem {
    fn from(error: DerivationError) -> Self {
        let detail = error.to_string();
        match error {
            DerivationError::Plan(error) => error.into(),
            DerivationError::Service(error) => error.into(),
            DerivationError::Refused {
                refusal,
                limit,
                reason,
            } => refused(refusal, limit, reason),
            DerivationError::SourceFailed => Self::new(ProblemKind::NotDerivable, detail),
            DerivationError::OverBudget { limit } => {
                Self::new(ProblemKind::DerivedTooLarge, detail).with("limit", limit)
            }
            DerivationError::Unavailable => Self::new(ProblemKind::DerivationUnavailable, detail),
            DerivationError::Busy | DerivationError::Failed => {
                Self::new(ProblemKind::DerivationBusy, detail).with_header(header::RETRY_AFTER, "2")
            }
        }
    }
}

fn refused(refusal: Refusal, limit: Option<u64>, reason: String) -> Problem {
    let problem = match refusal {
        Refusal::Undecodable | Refusal::TooCostly => {
            Problem::new(ProblemKind::NotDerivable, reason)
        }
        Refusal::TooLarge => Problem::new(ProblemKind::DerivedTooLarge, reason),
        Refusal::Unsupported => Problem::new(ProblemKind::DerivationUnavailable, reason),
        Refusal::CropOutside => Problem::bad_request(reason).with("parameter", "crop"),
        // The application sends transforms that it has parsed.
        Refusal::Malformed | Refusal::Internal => {
            let detail =
                "the image could not be derived; the operator finds the details in the log";
            return Problem::internal(ProblemKind::Internal, detail, &reason);
        }
    };
    match limit {
        Some(limit) => problem.with("limit", limit),
        None => problem,
    }
}
