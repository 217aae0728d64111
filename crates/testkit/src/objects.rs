//! Fields of JSON objects: one set, or many taken over.

use serde_json::Value;

/// Sets one field; on anything but an object nothing happens.
pub(crate) fn set(object: &mut Value, name: &str, value: impl Into<Value>) {
    if let Some(fields) = object.as_object_mut() {
        fields.insert(name.to_owned(), value.into());
    }
}

/// `into` with the fields of `more`, which win.
pub(crate) fn merged(mut into: Value, more: Value) -> Value {
    if let (Some(fields), Value::Object(more)) = (into.as_object_mut(), more) {
        fields.extend(more);
    }
    into
}
