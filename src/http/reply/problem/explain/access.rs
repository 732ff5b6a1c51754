//! What was shown is no right to what was asked for.

use super::Explanation;

pub(super) const UNAUTHORIZED: Explanation = Explanation {
    meaning: "The request has no token, or one that is not valid.",
    causes: &[
        "There is no `Authorization: Bearer <token>` header, or more than one.",
        "The token has expired, or is not valid yet: clocks may differ by 60 seconds.",
        "The token was signed with a key that this deployment does not have, or by another \
         algorithm than HS256.",
        "The token's `aud` is not the audience that is configured here.",
    ],
    remedy: "Get a fresh token from whoever signs them. `WWW-Authenticate` and `detail` say what \
             is wrong with this one.",
};

pub(super) const INSUFFICIENT_SCOPE: Explanation = Explanation {
    meaning: "The token is valid, but was made for less than this.",
    causes: &[
        "Its `scope` claim lacks the scope that is named in `scope` and in `WWW-Authenticate`.",
        "Scopes are separated by something else than a space, or are in upper case.",
    ],
    remedy: "Have a token signed whose `scope` includes the one that is named.",
};

pub(super) const LINK_INVALID: Explanation = Explanation {
    meaning: "The URL has a signature, but not one that belongs to it.",
    causes: &[
        "A parameter was added, dropped or changed after the URL was signed.",
        "The URL was decoded and encoded again in another way on its journey.",
        "The key that signed it is no longer in use.",
        "It was made for `HEAD` and is used for `GET`.",
    ],
    remedy: "Use the URL exactly as it was given, or ask for a new one.",
};

pub(super) const LINK_EXPIRED: Explanation = Explanation {
    meaning: "The signed URL was good until a time that is past.",
    causes: &[
        "A page or a mail that is older than the links in it.",
        "The clock of the machine that signed the URL is behind.",
    ],
    remedy: "Ask for a new link, with a longer `expires_in` if it has to last.",
};

pub(super) const LINK_REVOKED: Explanation = Explanation {
    meaning: "All links that had been made for this image were revoked, this one with them.",
    causes: &["The owner called `DELETE /v1/images/{id}/links`, to take back what was shared."],
    remedy: "Ask the owner for a new link.",
};

pub(super) const TICKET_INVALID: Explanation = Explanation {
    meaning: "The upload ticket in the URL is not one that this deployment has made.",
    causes: &[
        "The URL was cut short or changed on its journey.",
        "The `ticket` parameter stands in it twice.",
        "The key that signed it is no longer in use.",
    ],
    remedy: "Use the `upload_url` exactly as it was given, or ask for a new ticket.",
};

pub(super) const TICKET_SPENT: Explanation = Explanation {
    meaning: "The upload ticket is good for one upload, and that has been made.",
    causes: &[
        "The upload is sent again although it was answered with 201.",
        "The URL was given to two clients.",
    ],
    remedy: "Ask for a new ticket. An upload that fails does not use a ticket up.",
};

pub(super) const TICKET_EXPIRED: Explanation = Explanation {
    meaning: "The upload ticket was good until a time that is past.",
    causes: &["The form stayed open for longer than the ticket's `expires_in`."],
    remedy: "Ask for a new ticket, best at the moment when the file is chosen.",
};

pub(super) const ORIGIN_NOT_ALLOWED: Explanation = Explanation {
    meaning: "A page in a browser asked whether its scripts may call this API, and they may \
              not.",
    causes: &[
        "The page's origin (scheme, host and port) is not in the setting `cors_origins`.",
        "The origin there ends with a slash, or has `http` for `https`.",
    ],
    remedy: "The operator adds the origin to `cors_origins`, exactly as the browser sends it in \
             `Origin`.",
};
