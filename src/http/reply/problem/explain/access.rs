//! Problems with tokens, signed URLs, upload tickets and origins.

use super::Explanation;

pub(super) const UNAUTHORIZED: Explanation = Explanation {
    meaning: "The request has no token, or its token is not valid.",
    causes: &[
        "There is no `Authorization: Bearer <token>` header, or more than one.",
        "The secret was not decoded. In `signing_keys` it is base64url; sign with the bytes that it \
         decodes to, not with its text.",
        "The header's `kid` names no key of this deployment, or another key than the one that signed \
         the token. It is the text before the colon in `signing_keys`.",
        "The token was signed with a key that this deployment does not have, or no longer has, or \
         with an algorithm other than HS256.",
        "The token has no `exp` or no `sub`. Both are required.",
        "The token's `exp` or `nbf` is in milliseconds. Both are in seconds since 1970.",
        "The token's `exp` is further in the future than the setting `max_token_seconds` allows: a \
         year by default.",
        "The token's `scope` is an array. It is one string, with spaces between the scopes.",
        "The token has expired or is not valid yet. Clocks may differ by up to 60 seconds.",
        "The token's `aud` does not contain the audience that this deployment expects.",
    ],
    remedy: "Get a new token from its issuer. `WWW-Authenticate` and `detail` say what is wrong \
             with the current one. They name the claim that is wrong only if the signature is \
             good; so if the signature is refused, check the secret and the `kid` first.",
};

pub(super) const INSUFFICIENT_SCOPE: Explanation = Explanation {
    meaning: "The token is valid, but does not have the scope that this operation requires.",
    causes: &[
        "The token's `scope` claim lacks the scope given in `scope` and in `WWW-Authenticate`.",
        "The scopes are in another claim, such as `scp` or `scopes`.",
        "The scopes in the token are not separated by spaces, or are in upper case.",
    ],
    remedy: "Get a token whose `scope` claim includes the missing scope.",
};

pub(super) const LINK_INVALID: Explanation = Explanation {
    meaning: "The URL's signature does not match the URL, or the URL has parameters that this \
              version does not support.",
    causes: &[
        "A parameter was added, removed or changed after the URL was signed.",
        "The URL was decoded and encoded again in a different way.",
        "The key that signed the URL is no longer in use.",
        "The URL was signed for `HEAD` and is used for `GET`.",
        "The URL was signed with a parameter that only another version, or only the signer, \
         knows.",
    ],
    remedy: "Use the URL exactly as it was issued, or request a new one.",
};

pub(super) const LINK_EXPIRED: Explanation = Explanation {
    meaning: "The signed URL has expired.",
    causes: &[
        "The page or email that contains the link is older than the link's lifetime.",
        "The clock of the machine that signed the URL is slow.",
    ],
    remedy: "Request a new link, with a longer `expires_in` if necessary.",
};

pub(super) const LINK_REVOKED: Explanation = Explanation {
    meaning: "This link was revoked, alone or with all links to the image.",
    causes: &[
        "The owner called `DELETE /v1/images/{id}/links/{link}` for this link.",
        "The owner called `DELETE /v1/images/{id}/links`, which revokes all links to the image.",
    ],
    remedy: "Ask the owner for a new link.",
};

pub(super) const TICKET_INVALID: Explanation = Explanation {
    meaning: "The upload ticket in the URL was not issued by this deployment.",
    causes: &[
        "The URL was truncated or changed after it was issued.",
        "The URL has more than one `ticket` parameter.",
        "The key that signed the ticket is no longer in use.",
    ],
    remedy: "Use the `upload_url` exactly as it was issued, or request a new ticket.",
};

pub(super) const TICKET_SPENT: Explanation = Explanation {
    meaning: "The upload ticket has been used as often as it may be: once, unless it was created \
              with a larger `max_uploads`.",
    causes: &[
        "The client repeated an upload that had already been answered with 201.",
        "Two clients used the same URL.",
    ],
    remedy: "Request a new ticket. A failed upload does not use up its ticket.",
};

pub(super) const TICKET_EXPIRED: Explanation = Explanation {
    meaning: "The upload ticket has expired.",
    causes: &["The form was open for longer than the ticket's `expires_in`."],
    remedy: "Request a new ticket, ideally when the user selects a file.",
};

pub(super) const TICKET_REVOKED: Explanation = Explanation {
    meaning: "The upload ticket was revoked.",
    causes: &[
        "The owner called `DELETE /v1/upload-tickets/{ticket}`.",
        "Everything that was kept for the owner was deleted.",
        "The catalog was restored from a backup that is older than the ticket.",
    ],
    remedy: "Ask whoever gave you the ticket for another one.",
};

pub(super) const TOO_MANY_TICKETS: Explanation = Explanation {
    meaning: "The owner has as many open upload tickets as it may have: 10,000.",
    causes: &[
        "Tickets are created long before they are used, or with a long `expires_in`.",
        "Tickets of many people are created for one owner.",
    ],
    remedy: "Revoke tickets with `DELETE /v1/upload-tickets/{ticket}`, or wait until some are used \
             or have expired. Give new ones a shorter `expires_in`.",
};

pub(super) const TOO_MANY_LINKS: Explanation = Explanation {
    meaning: "The image has as many named links as it may have: 100.",
    causes: &["A program gives every link a `name`."],
    remedy: "Revoke links with `DELETE /v1/images/{id}/links/{link}`, or create links without a \
             `name`, of which there may be any number.",
};

pub(super) const ORIGIN_NOT_ALLOWED: Explanation = Explanation {
    meaning: "A browser asked whether scripts of a page may call this API. The page's origin is \
              not allowed.",
    causes: &[
        "The page's origin (scheme, host and port) is not listed in the setting `cors_origins`.",
        "The listed origin ends with a slash, or has `http` instead of `https`.",
    ],
    remedy: "The operator adds the origin to `cors_origins`, exactly as the browser sends it in \
             the `Origin` header.",
};

pub(super) const RATE_LIMITED: Explanation = Explanation {
    meaning: "The owner of the token, or the upload ticket, has made as many requests or has sent \
              and received as many bytes as the deployment allows per minute. The request had no \
              effect.",
    causes: &[
        "A program repeats requests without a pause.",
        "Many programs or people share a token, an owner or an upload ticket.",
        "Images are downloaded with a token where a signed URL, which is not limited, would do.",
    ],
    remedy: "Wait for the number of seconds given in `Retry-After`. The field `RateLimit` of every \
             response says how much is left: slow down before it is nothing. The operator sets the \
             limits with `rate_limit_requests` and `rate_limit_bytes`.",
};
