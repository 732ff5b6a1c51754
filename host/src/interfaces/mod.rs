//! What a component may call of this host beside WASI: the generated interfaces over the
//! stores, which know nothing of them.

mod key_value;
mod sqlite;
mod variables;
mod wasi_key_value;

/// Why a call fails that the interface has, but this host does not implement: no
/// component makes it.
fn not_offered(call: &str) -> String {
    format!("{call} is not offered by this host")
}
