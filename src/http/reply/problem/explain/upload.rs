//! Problems with the body of a request.

use super::Explanation;

pub(super) const UPLOAD_INTERRUPTED: Explanation = Explanation {
    meaning: "The body ended before it was complete. Nothing was stored.",
    causes: &[
        "The connection was lost, or a proxy timed out.",
        "The body is shorter than its `Content-Length`.",
        "The form has no closing boundary.",
    ],
    remedy: "Send the upload again.",
};

pub(super) const DIGEST_MISMATCH: Explanation = Explanation {
    meaning: "The SHA-256 of the received bytes differs from the one that the request declares. \
              Nothing was stored.",
    causes: &[
        "The bytes were damaged or changed in transit.",
        "`Repr-Digest` or `Content-Digest` was computed over something other than the file, for \
         example over the whole form.",
    ],
    remedy: "Compute the digest over the bytes of the file, and send both again.",
};

pub(super) const QUOTA_EXCEEDED: Explanation = Explanation {
    meaning: "The request would exceed the owner's quota of images or bytes. Nothing was stored.",
    causes: &[
        "The owner has reached the quota of the deployment or of the token.",
        "Several uploads were in progress at the same time, and the quota has room for only some \
         of them.",
        "The tags or metadata are too long. They count as bytes, and so does the record of an \
         upload with an `Idempotency-Key`, for a day.",
    ],
    remedy: "Delete images that are no longer needed, or ask the operator for a higher quota. \
             `quota` says which quota is exceeded; `GET /v1/usage` returns the current usage and \
             the quota.",
};

pub(super) const TOO_LARGE: Explanation = Explanation {
    meaning: "The body, or a part of it, is too large. Nothing was stored.",
    causes: &[
        "The file is larger than this deployment or the upload ticket allows.",
        "The form has too many files.",
        "The JSON body or a form field is too long.",
    ],
    remedy: "Send less data. `limit` is the maximum; `GET /v1/limits` returns all limits.",
};

pub(super) const UNSUPPORTED_TYPE: Explanation = Explanation {
    meaning: "The type of the body is not accepted, or differs from the type that the request \
              declares. The type of a file is determined from its content.",
    causes: &[
        "The file has none of the accepted types. Its file name extension does not matter. \
         Phones and cameras also write HEIC, TIFF and raw files, which few browsers show.",
        "The `Content-Type` names one type, and the bytes are of another.",
        "An upload has neither the file itself as its body, nor a form with a part named `file`.",
        "A JSON request was sent without `Content-Type: application/json`.",
        "The deployment's `accepted_types` or the upload ticket excludes the type.",
    ],
    remedy: "Send one of the types in `allowed`, with the matching `Content-Type`. `detected` is \
             the type of the file that was sent, if its bytes determine it. `GET /v1/limits` \
             lists the accepted image types.",
};

pub(super) const UNSUPPORTED_CODING: Explanation = Explanation {
    meaning: "The body was sent with a `Content-Encoding`. Bodies must not be encoded.",
    causes: &["A client or a proxy compresses request bodies."],
    remedy: "Send the body without a content coding. Images are already compressed.",
};

pub(super) const UNDECODABLE_IMAGE: Explanation = Explanation {
    meaning: "The file begins like an image, but it is damaged, truncated or violates its \
              format. Nothing was stored.",
    causes: &[
        "The file was downloaded or copied incompletely before the upload.",
        "The program that wrote the file does not follow the format.",
        "The file is empty.",
    ],
    remedy: "Open the file in an image editor and save it again. `detail` describes the defect.",
};

pub(super) const TOO_MANY_PIXELS: Explanation = Explanation {
    meaning: "The image has more pixels or frames than this deployment allows, regardless of the \
              size of the file. Nothing was stored.",
    causes: &[
        "The resolution of the photograph or scan is too high.",
        "The animation has too many frames.",
    ],
    remedy: "Reduce the image. `limit` is the maximum, `actual` is what the file has.",
};

pub(super) const TRAILING_DATA: Explanation = Explanation {
    meaning: "The file contains data after the end of the image. Such a file could be read as \
              two different formats. Nothing was stored.",
    causes: &[
        "A camera or phone appended a video or a second picture to the photograph.",
        "An archive, a web page or a program was appended to the image.",
    ],
    remedy: "Save the image again in an image editor. The operator can set `trailing_data` to \
             `strip` to have such data removed instead.",
};

pub(super) const METADATA_TOO_LARGE: Explanation = Explanation {
    meaning: "The file contains a block of metadata (Exif, XMP, IPTC) that is too large to be \
              checked. Nothing was stored.",
    causes: &[
        "A program stores the whole editing history in the image.",
        "The metadata contains a preview of nearly the same size as the image.",
    ],
    remedy: "Save the image without its metadata. `limit` is the maximum size in bytes.",
};

pub(super) const IDEMPOTENCY_KEY_HELD: Explanation = Explanation {
    meaning: "Another request with the same `Idempotency-Key` is still in progress.",
    causes: &[
        "The client repeated a request before the first one had ended.",
        "Two clients generated the same key.",
    ],
    remedy: "Repeat the request after the number of seconds given in `Retry-After`. It then \
             returns the response to the first one.",
};

pub(super) const IDEMPOTENCY_KEY_REUSED: Explanation = Explanation {
    meaning: "The `Idempotency-Key` was used before for a different request. Nothing was stored.",
    causes: &[
        "The client uses the same key for several uploads.",
        "The file changed between a request and its repetition.",
    ],
    remedy: "Generate a new key for each upload, and reuse it only to repeat that upload.",
};
