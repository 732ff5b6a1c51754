//! Bodies that are images. Annotations use `image/*`, which is replaced by the media type of each
//! kind.

use serde_json::Value;

use crate::model::Kind;

/// Replaces `image/*` with the media types of all kinds.
pub(super) fn list(document: &mut Value) {
    match document {
        Value::Object(members) => {
            if let Some(body) = members.remove("image/*") {
                let types = Kind::ALL.map(|kind| (kind.media_type().to_owned(), body.clone()));
                members.extend(types);
            }
            members.values_mut().for_each(list);
        }
        Value::Array(items) => items.iter_mut().for_each(list),
        _ => {}
    }
}
