//! The calls that a component may make in addition to WASI: implements the generated interfaces
//! on top of the stores, which do not depend on them.

mod key_value;
mod postgres;
mod sqlite;
mod variables;
mod wasi_key_value;

/// The error of a call that is part of the interface, but that this host does not implement
/// because no component makes it.
fn not_offered(call: &str) -> String {
    format!("this host does not support the call {call}")
}
