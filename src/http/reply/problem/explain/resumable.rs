//! Problems of resumable uploads.

use super::Explanation;

pub(super) const MISMATCHING_UPLOAD_OFFSET: Explanation = Explanation {
    meaning: "The upload has received another number of bytes than `Upload-Offset` of the request \
              says. The request changed nothing, or what it added ends at the offset in the \
              response.",
    causes: &[
        "An earlier request has stored more, or less, than its client knows, because the \
         connection was lost.",
        "Two requests continued the same upload at the same time, and the other one was first.",
        "Somebody asked for the offset in the meantime, which ends requests that were still \
         adding bytes.",
    ],
    remedy: "Ask for the offset with `HEAD`, and continue from there. `expected-offset` and the \
             header `Upload-Offset` have it too.",
};

pub(super) const INCONSISTENT_UPLOAD_LENGTH: Explanation = Explanation {
    meaning: "The request declares a length that does not agree with the length that the upload \
              has, or with the bytes that were sent.",
    causes: &[
        "`Upload-Length` differs from an earlier one, or from the offset and the length of the \
         last piece.",
        "The piece has more bytes than are missing.",
        "The upload has a length, and the request declares it complete before all bytes have \
         arrived.",
    ],
    remedy: "Declare the length of the file once, and send exactly as many bytes. If the file has \
             changed, begin a new upload.",
};

pub(super) const UPLOAD_EXPIRED: Explanation = Explanation {
    meaning: "The upload was not finished in time. What had arrived of it is deleted.",
    causes: &[
        "No bytes arrived for longer than `max_upload_idle_seconds`.",
        "The upload took longer than `max_upload_seconds`.",
    ],
    remedy: "Begin a new upload. `Upload-Expires` and `max-age` in `Upload-Limit` say how much \
             time an upload has.",
};

pub(super) const UNSUPPORTED_TUS_VERSION: Explanation = Explanation {
    meaning: "The request does not have a supported version of the tus protocol.",
    causes: &[
        "The header `Tus-Resumable` is missing, or is not `1.0.0`.",
        "A client of another protocol sends its request to `/v1/uploads`.",
    ],
    remedy: "Send `Tus-Resumable: 1.0.0`. To begin an upload by the IETF draft, send the request \
             to `/v1/images` with `Upload-Complete`.",
};

pub(super) const TOO_MANY_UPLOADS: Explanation = Explanation {
    meaning: "The owner has as many open resumable uploads as an owner may have.",
    causes: &[
        "A client begins uploads and neither finishes nor ends them.",
        "A client begins a new upload instead of continuing the one that was interrupted.",
    ],
    remedy: "Finish or end open uploads: `GET /v1/uploads` lists them. They also expire.",
};

pub(super) const CHECKSUM_MISMATCH: Explanation = Explanation {
    meaning: "The bytes of the piece do not have the checksum in `Upload-Checksum`. They were \
              discarded.",
    causes: &[
        "The bytes were damaged or changed in transit.",
        "The checksum was computed over something other than the piece, for example over the \
         whole file.",
    ],
    remedy: "Compute the checksum over the bytes of this request, and send both again from the \
             same offset.",
};
