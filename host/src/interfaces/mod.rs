//! What a component may call of this host beside WASI.

/// Why a call fails that the interface has, but this host does not implement: no
/// component makes it.
pub(crate) fn not_offered(call: &str) -> String {
    format!("{call} is not offered by this host")
}
