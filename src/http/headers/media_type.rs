//! Media types (RFC 9110 §8.3.1), without their parameters.

use axum::http::{HeaderMap, header};

use crate::http::reply::problem::{Problem, ProblemKind};
use crate::model::Kind;

/// The type of a request's or response's content, without parameters; `None` if it is absent or
/// malformed.
pub(crate) fn of(headers: &HeaderMap) -> Option<&str> {
    let declared = headers.get(header::CONTENT_TYPE)?;
    declared.to_str().ok().map(essence)
}

/// A media type without its parameters.
pub(crate) fn essence(media_type: &str) -> &str {
    media_type.split(';').next().unwrap_or_default().trim()
}

/// The kind that a media type declares; `None` for generic types. The type of an image is
/// determined from its bytes, but a declared type that is not an accepted image type is refused.
pub(crate) fn declared_kind(media_type: &str) -> Result<Option<Kind>, Problem> {
    let essence = essence(media_type);
    if let Some(kind) = Kind::from_media_type(essence) {
        return Ok(Some(kind));
    }
    let generic = [
        "application/octet-stream",
        "binary/octet-stream",
        "image/*",
        "*/*",
        "",
    ];
    if generic
        .iter()
        .any(|generic| essence.eq_ignore_ascii_case(generic))
    {
        return Ok(None);
    }
    let detail = format!(
        "the body must be an image with its own type, or a multipart/form-data form with a part \
         named \"file\", not {essence:?}"
    );
    Err(Problem::new(ProblemKind::UnsupportedType, detail)
        .with("allowed", Kind::ALL.map(Kind::media_type).to_vec()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn declared_types_are_image_types_or_generic() {
        let check = |media_type: &str, expect: Option<Option<Kind>>| {
            assert_eq!(declared_kind(media_type).ok(), expect, "{media_type}");
        };
        check("image/png", Some(Some(Kind::Png)));
        check("IMAGE/JPG ; q=1", Some(Some(Kind::Jpeg)));
        check("image/webp;charset=binary", Some(Some(Kind::Webp)));
        for open in ["", "image/*", "application/octet-stream; a=b", "*/*"] {
            check(open, Some(None));
        }
        for other in [
            "image/svg+xml",
            "text/html",
            "image",
            "image/png, image/gif",
        ] {
            check(other, None);
        }
    }

    proptest::proptest! {
        #[test]
        fn parameters_of_a_type_are_ignored(
            essence in "image/(png|gif|\\*|svg\\+xml)|[a-z/*]{0,20}",
            parameters in "( ?;[ -~]{0,9}){0,2}",
        ) {
            let bare = declared_kind(&essence).ok();
            let with = declared_kind(&format!("{essence}{parameters}")).ok();
            proptest::prop_assert_eq!(with, bare);
        }
    }
}
