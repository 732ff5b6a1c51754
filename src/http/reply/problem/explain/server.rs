//! Problems that the operator has to fix.

use super::Explanation;

pub(super) const INTERNAL: Explanation = Explanation {
    meaning: "An unexpected error occurred on the server.",
    causes: &[
        "The stored data is damaged.",
        "There is a bug in the program.",
    ],
    remedy: "Report the response's `X-Request-Id` to the operator: the log has the details.",
};

pub(super) const MISCONFIGURED: Explanation = Explanation {
    meaning: "A setting of this deployment is invalid, so no requests are served.",
    causes: &["A variable is missing, misspelled, or has a value that is out of range."],
    remedy: "The operator corrects the setting named in `variable` and restarts the deployment.",
};

pub(super) const UNAVAILABLE: Explanation = Explanation {
    meaning: "A store that the API depends on is temporarily unavailable. No data was lost.",
    causes: &[
        "A store is restarting, unreachable or overloaded.",
        "The upload took so long that its reservation expired.",
    ],
    remedy: "Repeat the request after the number of seconds given in `Retry-After`.",
};

pub(super) const NOTHING_TO_MIGRATE: Explanation = Explanation {
    meaning: "There is no previous store to move blobs from. The request had no effect.",
    causes: &["The setting `blob_store_previous` is not set, or has already been removed."],
    remedy: "The operator sets `blob_store_previous` to the previous store and restarts the \
             deployment.",
};
