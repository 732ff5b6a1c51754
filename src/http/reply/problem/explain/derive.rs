//! Problems with derived images.

use super::Explanation;

pub(super) const TRANSFORM_NOT_ALLOWED: Explanation = Explanation {
    meaning: "The deployment does not let this caller choose the parameters of a derived image. \
              Presets may be requested.",
    causes: &[
        "The image is public, and the request has neither a token with `images:read` nor a signed \
         URL.",
        "The deployment's `transform_policy` is `presets`.",
        "The request is one of the IIIF Image API, which has no presets.",
    ],
    remedy: "Request one of the presets in `allowed` with the parameter `preset`, send a token, or \
             use a signed URL that contains the parameters.",
};

pub(super) const DERIVED_TOO_LARGE: Explanation = Explanation {
    meaning: "The derived image would be larger than this deployment allows.",
    causes: &[
        "`w` or `h`, multiplied by `dpr`, is too large.",
        "Only one of `w` and `h` is given, and the other side follows the ratio of a very long \
         image.",
        "The file would be larger than everything that the deployment stores of derived images.",
    ],
    remedy: "Request a smaller image. `limit` is the maximum; `GET /v1/limits` returns all limits.",
};

pub(super) const NOT_DERIVABLE: Explanation = Explanation {
    meaning: "Nothing can be derived from this image. The original can still be downloaded.",
    causes: &[
        "The file is damaged in a way that shows only when it is decoded.",
        "The image has more pixels, counting all frames of an animation, than may be decoded here.",
        "Deriving from this image has failed repeatedly. It is not tried again for a day.",
    ],
    remedy: "Download the original, or upload a smaller or repaired file. `anim=0` derives from the \
             first frame of an animation only.",
};

pub(super) const DERIVATION_UNAVAILABLE: Explanation = Explanation {
    meaning: "This deployment stores the image, but cannot derive others from it.",
    causes: &[
        "The image uses a feature of its format that is not decoded here.",
        "The setting `derive` is `off`, or the host does not run the component that derives \
         images.",
    ],
    remedy: "Download the original, without parameters of a derived image.",
};

pub(super) const DERIVATION_BUSY: Explanation = Explanation {
    meaning: "The image was not derived, because too many others are being derived.",
    causes: &[
        "Many different derived images are requested at the same time.",
        "Another request has been deriving the same image for a long time.",
        "The derivation did not finish in time.",
    ],
    remedy: "Repeat the request after the number of seconds given in `Retry-After`. Images that \
             were derived before are served without delay.",
};
