//! An operation on its way into the document.

use serde_json::{Map, Value, json};

/// An operation: its annotation, and where it is.
pub(super) struct Operation<'a> {
    /// In lower case, as in the document.
    pub(super) method: &'a str,
    /// As a template: `/v1/images/{id}`.
    pub(super) path: &'a str,
    /// The object that describes it.
    pub(super) members: &'a mut Map<String, Value>,
}

impl Operation<'_> {
    /// What follows from the annotation's hint, if it is there.
    pub(super) fn hint(&self, name: &str) -> Option<&Value> {
        self.members.get(name)
    }

    /// Its responses, by status.
    pub(super) fn responses(&mut self) -> &mut Map<String, Value> {
        object(self.members.entry("responses").or_insert(json!({})))
    }
}

/// A value that is known to be an object.
pub(super) fn object(value: &mut Value) -> &mut Map<String, Value> {
    value.as_object_mut().expect("an object")
}
