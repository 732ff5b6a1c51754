//! Bodies that are not what they have to be.

use super::Explanation;

pub(super) const UPLOAD_INTERRUPTED: Explanation = Explanation {
    meaning: "The body ended before it was complete. Nothing of it is stored.",
    causes: &[
        "The connection broke, or a proxy in between gave up.",
        "The body has fewer bytes than `Content-Length` announced.",
        "A form without its closing boundary.",
    ],
    remedy: "Send the upload again.",
};

pub(super) const DIGEST_MISMATCH: Explanation = Explanation {
    meaning: "The bytes that arrived do not have the SHA-256 that the request announced. \
              Nothing is stored.",
    causes: &[
        "The bytes were damaged or changed on the way.",
        "`Repr-Digest` or `Content-Digest` was computed over something else than the file, for \
         example over the whole form.",
    ],
    remedy: "Compute the digest over the file's own bytes and send both again.",
};

pub(super) const QUOTA_EXCEEDED: Explanation = Explanation {
    meaning: "The owner would keep more images, or more bytes, than the quota allows. Nothing is \
              stored.",
    causes: &[
        "The owner has uploaded as much as is allowed, by the deployment or by the token.",
        "Several uploads at the same time, of which only some still fit.",
        "Tags or metadata that are longer than there is room for: they count as bytes, and so \
         does for a day what is kept of an upload with an `Idempotency-Key`.",
    ],
    remedy: "Delete images that are no longer needed, or have the quota raised. `quota` says \
             which one it is, `GET /v1/usage` what is kept and what is allowed.",
};

pub(super) const TOO_LARGE: Explanation = Explanation {
    meaning: "The body, or a part of it, is larger than is allowed. Nothing is stored.",
    causes: &[
        "A file of more bytes than this deployment takes, or than the upload ticket allows.",
        "A form with more files than one request may have.",
        "A JSON body or a form field that is far longer than its purpose needs.",
    ],
    remedy: "Send less: `limit` has the most that is allowed. `GET /v1/limits` tells all limits \
             before an upload.",
};

pub(super) const UNSUPPORTED_TYPE: Explanation = Explanation {
    meaning: "The body is of no type that is accepted here, or is not of the type that the \
              request declares. What a file is, its bytes decide.",
    causes: &[
        "A file that is of none of the accepted types, whatever its name ends in.",
        "A `Content-Type` of one image type with the bytes of another.",
        "A JSON request without `Content-Type: application/json`.",
        "A type that the deployment's `accepted_types` or the upload ticket leaves out.",
    ],
    remedy: "Send one of the types in `allowed`, declared as what it is. `GET /v1/limits` lists \
             the image types that are accepted.",
};

pub(super) const UNSUPPORTED_CODING: Explanation = Explanation {
    meaning: "The body was sent with a `Content-Encoding`. Bodies are read as they are.",
    causes: &["A client or a proxy that compresses the bodies of requests."],
    remedy: "Send the body without a content coding: images are compressed already.",
};

pub(super) const UNDECODABLE_IMAGE: Explanation = Explanation {
    meaning: "The file begins as an image does, but is damaged, cut off or breaks the rules of \
              its format. Nothing is stored.",
    causes: &[
        "A download or a copy that was broken off before it was uploaded.",
        "A program that writes the format wrongly.",
        "An empty file.",
    ],
    remedy: "Open the file in an image program and save it anew. `detail` says what is wrong \
             with it.",
};

pub(super) const TOO_MANY_PIXELS: Explanation = Explanation {
    meaning: "The image has more pixels or frames than this deployment takes, however small \
              its file is. Nothing is stored.",
    causes: &[
        "A photograph or a scan of a higher resolution than is allowed.",
        "An animation of very many frames.",
    ],
    remedy: "Make the image smaller: `limit` has the most that is allowed, `actual` what the \
             file has.",
};

pub(super) const TRAILING_DATA: Explanation = Explanation {
    meaning: "The file goes on after the image in it has ended. Such a file may be two things at \
              once. Nothing is stored.",
    causes: &[
        "A camera or a telephone that appends a film or a second picture to a photograph.",
        "An archive, a page or a program that was appended to an image.",
    ],
    remedy: "Save the image anew with an image program. The operator can have such data cut off \
             instead, by the setting `trailing_data`.",
};

pub(super) const METADATA_TOO_LARGE: Explanation = Explanation {
    meaning: "The file holds a piece of metadata (Exif, XMP, IPTC) that is larger than is read, \
              so what is in it cannot be judged. Nothing is stored.",
    causes: &[
        "A program that keeps the whole history of an image in it.",
        "A picture within the picture, of nearly the same size.",
    ],
    remedy: "Save the image without its metadata. `limit` has the most that is read, in bytes.",
};

pub(super) const IDEMPOTENCY_KEY_HELD: Explanation = Explanation {
    meaning: "Another request with the same `Idempotency-Key` has begun and is not answered yet.",
    causes: &[
        "A client that repeats a request before the first one was given up.",
        "Two clients that made the same key.",
    ],
    remedy: "Wait a little and repeat the request: it then gets the answer of the first one.",
};

pub(super) const IDEMPOTENCY_KEY_REUSED: Explanation = Explanation {
    meaning: "The `Idempotency-Key` belongs to an earlier request that was for something else. \
              Nothing is stored.",
    causes: &[
        "A client that makes one key for several uploads.",
        "A file that has changed between a request and its repetition.",
    ],
    remedy: "Make a new key for each upload, and use it again only to repeat that upload.",
};
