//! Problems that any request can have.

use super::Explanation;

pub(super) const BAD_REQUEST: Explanation = Explanation {
    meaning: "A part of the request is not valid: a parameter, a header or a member of the body. \
              The request had no effect.",
    causes: &[
        "A query parameter is unknown, is given more than once, or has a value that is out of \
         range.",
        "The JSON body is malformed, is not UTF-8, lacks a required member, or has an unknown \
         one.",
        "A percent-encoding is malformed, or does not decode to UTF-8.",
        "The form has no part named `file`, or has a file in a part with another name.",
    ],
    remedy: "Read `detail`: it names the invalid part. The members `field`, `allowed`, `limit` \
             and `actual`, where present, give the same information in a form that programs can \
             use. Do not repeat the request unchanged.",
};

pub(super) const NOT_FOUND: Explanation = Explanation {
    meaning: "There is no resource at this URL that the caller can access. A resource of another \
              owner is reported in the same way as one that does not exist.",
    causes: &[
        "The image was deleted, or its id is misspelled. Ids have 36 characters, in lower case.",
        "The token belongs to a different owner than the image.",
        "The path has an extra slash, or differs in case from the documented path.",
    ],
    remedy: "Use the URLs in `links` and `Location` instead of building them, and compare the \
             token's `sub` with the image's `owner`.",
};

pub(super) const METHOD_NOT_ALLOWED: Explanation = Explanation {
    meaning: "The resource exists, but does not support the request's method.",
    causes: &[
        "The resource does not support the method, for example `PUT` on an image.",
        "A redirect or a proxy changed the method.",
    ],
    remedy: "Use one of the methods listed in the response's `Allow` header.",
};

pub(super) const NOT_ACCEPTABLE: Explanation = Explanation {
    meaning: "The request's `Accept` header excludes every media type that the resource is \
              available in. The request had no effect.",
    causes: &[
        "The `Accept` header names one image type, and the image has another.",
        "The `Accept` header names `text/html` or `application/xml`, and the resource is JSON.",
    ],
    remedy: "Omit the `Accept` header, add `*/*` with a low weight, or name one of the types in \
             `allowed`.",
};

pub(super) const PRECONDITION_FAILED: Explanation = Explanation {
    meaning: "The resource does not satisfy the request's conditions. The request had no effect.",
    causes: &[
        "The image was changed after its `ETag` was read.",
        "`If-Match` has the `ETag` of the image's content, and the request changes the image \
         object, or the other way round.",
        "The tag in `If-Match` is a weak one.",
    ],
    remedy: "Read the resource again, check what has changed, and repeat the request with the \
             new `ETag`.",
};

pub(super) const RANGE_NOT_SATISFIABLE: Explanation = Explanation {
    meaning: "The content has none of the bytes that the `Range` header requests.",
    causes: &[
        "The client resumed a download that was already complete.",
        "The client resumed a download of a file that has since been replaced by a shorter one.",
    ],
    remedy: "The length of the content is given in `size` and in `Content-Range: bytes */…`. Send \
             `If-Range` when resuming a download, so that a file that has changed is sent from \
             its beginning.",
};

pub(super) const URI_TOO_LONG: Explanation = Explanation {
    meaning: "The request's path and query are too long.",
    causes: &[
        "The client sends data in the query that belongs in the body.",
        "A redirect loop or a template keeps appending to its own URL.",
    ],
    remedy: "Send a shorter URL. `limit` is the maximum length in bytes.",
};

pub(super) const HEADERS_TOO_LARGE: Explanation = Explanation {
    meaning: "The request's header fields are too large in total.",
    causes: &[
        "Another application on the same domain has set large cookies.",
        "A proxy adds its own headers repeatedly.",
    ],
    remedy: "Send fewer headers. The API uses no cookies. `limit` is the maximum size in bytes.",
};
