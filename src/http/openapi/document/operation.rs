//! An operation of the document, while it is completed.

use serde_json::{Map, Value, json};

/// An operation, with its method and path.
pub(super) struct Operation<'a> {
    /// The method in lower case, as in the document.
    pub(super) method: &'a str,
    /// The path as a template: `/v1/images/{id}`.
    pub(super) path: &'a str,
    /// The object that describes the operation.
    pub(super) members: &'a mut Map<String, Value>,
}

impl Operation<'_> {
    /// The value of a hint of the annotation, if it has one.
    pub(super) fn hint(&self, name: &str) -> Option<&Value> {
        self.members.get(name)
    }

    /// The responses, by status.
    pub(super) fn responses(&mut self) -> &mut Map<String, Value> {
        object(self.members.entry("responses").or_insert(json!({})))
    }
}

/// The members of a value that is known to be an object.
pub(super) fn object(value: &mut Value) -> &mut Map<String, Value> {
    value.as_object_mut().expect("an object")
}
