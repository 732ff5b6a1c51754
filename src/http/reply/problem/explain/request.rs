//! What is wrong with a request whatever it is for.

use super::Explanation;

pub(super) const BAD_REQUEST: Explanation = Explanation {
    meaning: "A part of the request is not what the API reads there: a parameter, a header or \
              a member of the body. Nothing was done.",
    causes: &[
        "A query parameter that the resource does not know, that stands twice, or whose value \
         is out of range.",
        "A JSON body that is malformed, is not UTF-8, lacks a member, or has one that is not \
         known.",
        "A percent-encoding that is none, or that does not decode to UTF-8.",
        "A form without a part named `file`, or with parts of other names.",
    ],
    remedy: "Read `detail`: it names the part. Where `field`, `allowed`, `limit` or `actual` are \
             there, they say what was expected in a form that a program can use. The same \
             request will fail again.",
};

pub(super) const NOT_FOUND: Explanation = Explanation {
    meaning: "There is nothing at this URL, or nothing for this caller. What belongs to another \
              owner looks the same as what was never there.",
    causes: &[
        "The image was deleted, or its id is mistyped: ids are 36 characters, in lower case.",
        "The token is another owner's than the image.",
        "The path has a slash too many, or is in another case than the documentation's.",
    ],
    remedy: "Take URLs from `links` and `Location` instead of building them, and compare the \
             token's `sub` with the image's `owner`.",
};

pub(super) const METHOD_NOT_ALLOWED: Explanation = Explanation {
    meaning: "The resource exists, but has no such method.",
    causes: &[
        "A method that the resource does not have, such as `PUT` on an image.",
        "A redirect or a proxy that changed the method on the way.",
    ],
    remedy: "Use one of the methods in the response's `Allow` header.",
};

pub(super) const NOT_ACCEPTABLE: Explanation = Explanation {
    meaning: "The request's `Accept` header rules out every media type that the resource has. \
              Nothing was done.",
    causes: &[
        "An `Accept` of one image type for an image of another.",
        "An `Accept` of `text/html` or `application/xml` for a resource that is JSON.",
    ],
    remedy: "Leave `Accept` out, add `*/*` with a low weight, or name one of the types in \
             `allowed`.",
};

pub(super) const PRECONDITION_FAILED: Explanation = Explanation {
    meaning: "The request was to be performed only if the resource is in a certain state, and it \
              is in another. Nothing was done.",
    causes: &[
        "Somebody else has changed the image since its `ETag` was read.",
        "The `ETag` in `If-Match` is that of the image's bytes where the image object is to be \
         changed, or the other way round.",
        "The tag in `If-Match` is a weak one.",
    ],
    remedy: "Read the resource again, see what has changed, and repeat the request with the new \
             `ETag`.",
};

pub(super) const RANGE_NOT_SATISFIABLE: Explanation = Explanation {
    meaning: "None of the bytes that `Range` asks for exist.",
    causes: &[
        "A download is resumed that was complete already.",
        "A download is resumed of a file that has become another, shorter one.",
    ],
    remedy: "`size`, and `Content-Range: bytes */…`, have the length. Resume with `If-Range`, so \
             that a file that has changed is sent from its beginning.",
};

pub(super) const URI_TOO_LONG: Explanation = Explanation {
    meaning: "The request's path and query are longer than is read.",
    causes: &[
        "A client that puts into the query what belongs into the body.",
        "A loop of redirects or a template that appends to its own URL.",
    ],
    remedy: "Send a shorter URL: `limit` has the longest, in bytes.",
};

pub(super) const HEADERS_TOO_LARGE: Explanation = Explanation {
    meaning: "The request's header fields are longer together than is read.",
    causes: &[
        "Cookies that another application on the same domain has set.",
        "A proxy that adds headers of its own, again and again.",
    ],
    remedy: "Send fewer headers: the API needs no cookies. `limit` has the most, in bytes.",
};
