//! What is the operator's to mend.

use super::Explanation;

pub(super) const INTERNAL: Explanation = Explanation {
    meaning: "Something went wrong that should not have.",
    causes: &["What is stored is damaged.", "A fault in the program."],
    remedy: "Tell the operator the response's `X-Request-Id`: the log has more.",
};

pub(super) const MISCONFIGURED: Explanation = Explanation {
    meaning: "A setting of this deployment cannot be used, so nothing is served.",
    causes: &["A variable has a value that is out of range or misspelt, or is not set."],
    remedy: "The operator corrects the setting that is named in `variable` and restarts.",
};

pub(super) const UNAVAILABLE: Explanation = Explanation {
    meaning: "A store behind the API does not answer at the moment. Nothing was lost.",
    causes: &[
        "A store is being restarted, cannot be reached, or is overloaded.",
        "An upload took so long that its place was given up.",
    ],
    remedy: "Send the request again after the seconds in `Retry-After`.",
};

pub(super) const NOTHING_TO_MIGRATE: Explanation = Explanation {
    meaning: "Blobs were to be moved to the store that is in use now, but there is no other one \
              to move them from. Nothing was done.",
    causes: &["The setting `blob_store_previous` is not set, or was taken back already."],
    remedy: "The operator names the store that was in use before in `blob_store_previous`, and \
             starts again.",
};
