//! Media types (RFC 9110 §8.3.1), as far as requests are judged by them: without their
//! parameters.

use axum::http::{HeaderMap, header};

use crate::http::reply::problem::{Problem, ProblemKind};
use crate::model::Kind;

/// The type of a request's or response's content, without parameters; `None` where none is
/// declared, or none that can be read.
pub(crate) fn of(headers: &HeaderMap) -> Option<&str> {
    let declared = headers.get(header::CONTENT_TYPE)?;
    declared.to_str().ok().map(essence)
}

/// A media type without its parameters.
pub(crate) fn essence(media_type: &str) -> &str {
    media_type.split(';').next().unwrap_or_default().trim()
}

/// The kind that a media type declares; `None` for types that leave it open. The
/// bytes decide in the end, but what is no image by its own words is refused.
pub(crate) fn declared_kind(media_type: &str) -> Result<Option<Kind>, Problem> {
    let essence = essence(media_type);
    if let Some(kind) = Kind::from_media_type(essence) {
        return Ok(Some(kind));
    }
    let open = [
        "application/octet-stream",
        "binary/octet-stream",
        "image/*",
        "*/*",
        "",
    ];
    if open.iter().any(|open| essence.eq_ignore_ascii_case(open)) {
        return Ok(None);
    }
    let detail = format!(
        "a body of type {essence:?} is not accepted: send the image itself with its own type, \
         or a multipart/form-data form with a part named \"file\""
    );
    Err(Problem::new(ProblemKind::UnsupportedType, detail)
        .with("allowed", Kind::ALL.map(Kind::media_type).to_vec()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_declared_type_is_of_a_kind_or_leaves_it_open() {
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
        fn parameters_of_a_type_mean_nothing(
            essence in "image/(png|gif|\\*|svg\\+xml)|[a-z/*]{0,20}",
            parameters in "( ?;[ -~]{0,9}){0,2}",
        ) {
            let bare = declared_kind(&essence).ok();
            let with = declared_kind(&format!("{essence}{parameters}")).ok();
            proptest::prop_assert_eq!(with, bare);
        }
    }
}
