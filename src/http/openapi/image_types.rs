//! Bodies that are images. Annotations say `image/*`, and each kind is listed here.

use serde_json::Value;

use crate::model::Kind;

/// Lists the media type of every kind where a body is any of them.
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
