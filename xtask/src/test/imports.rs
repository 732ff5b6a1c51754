//! The component's imports from its host, read from the module's import section.

use std::collections::BTreeSet;

use anyhow::{Context as _, Result, bail, ensure};
use wasmparser::{Parser, Payload, TypeRef};

/// The interfaces that the application's component may import, without their versions. A new one is
/// a new requirement on every host that runs Darkroom, so add it deliberately.
pub(crate) const APPLICATION: &[&str] = &[
    "$root",
    "[export]$root",
    "[export]wasi:http/handler",
    "spin:key-value/key-value",
    "spin:postgres/postgres",
    "spin:sqlite/sqlite",
    "spin:variables/variables",
    "wasi:clocks/monotonic-clock",
    "wasi:http/client",
    "wasi:http/types",
    "wasi:keyvalue/batch",
    "wasi:keyvalue/store",
    "wasi_snapshot_preview1",
];

/// The same for the component that derives images, which reaches nothing: it gets a request, and
/// may tell the time and sleep.
pub(crate) const DERIVING: &[&str] = &[
    "wasi:http/types",
    "wasi:io/error",
    "wasi:io/poll",
    "wasi:io/streams",
    "wasi_snapshot_preview1",
];

/// Fails if the module imports from an interface that is not in `allowed`.
pub(crate) fn check(module: &[u8], allowed: &[&str]) -> Result<()> {
    let unknown: Vec<String> = imported_modules(module)
        .context("cannot read the component's imports")?
        .into_iter()
        .filter(|name| !allowed.contains(&without_version(name)))
        .collect();
    ensure!(
        unknown.is_empty(),
        "the component imports {}, which is not in the list in xtask/src/test/imports.rs",
        unknown.join(", ")
    );
    Ok(())
}

/// For example, `spin:sqlite/sqlite` for `spin:sqlite/sqlite@3.1.0`.
fn without_version(module: &str) -> &str {
    module.split('@').next().unwrap_or(module)
}

/// The names of the modules that a core module imports functions from.
fn imported_modules(module: &[u8]) -> Result<BTreeSet<String>> {
    ensure!(
        Parser::is_core_wasm(module),
        "this is not a core WebAssembly module"
    );
    let mut names = BTreeSet::new();
    for payload in Parser::new(0).parse_all(module) {
        let Payload::ImportSection(imports) = payload? else {
            continue;
        };
        for import in imports.into_imports() {
            let import = import?;
            let TypeRef::Func(_) = import.ty else {
                bail!("the import {} is not a function", import.name);
            };
            if !is_builtin(import.name) {
                names.insert(import.module.to_owned());
            }
        }
    }
    Ok(names)
}

/// Whether a field is an operation on streams or futures, which every host has. Its name contains
/// a function of the same type, whose interface may be unused.
fn is_builtin(field: &str) -> bool {
    let operation = field.strip_prefix("[async-lower]").unwrap_or(field);
    ["[stream-", "[future-"]
        .iter()
        .any(|prefix| operation.starts_with(prefix))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A module that imports one function from each of `modules`.
    fn module(modules: &[&str]) -> Vec<u8> {
        let short = |length: usize| u8::try_from(length).expect("short");
        let mut section = vec![short(modules.len())];
        for name in modules {
            section.push(short(name.len()));
            section.extend(name.as_bytes());
            section.extend([1, b'f', 0, 0]);
        }
        let mut module = b"\0asm\x01\0\0\0".to_vec();
        module.extend([2, short(section.len())]);
        module.extend(section);
        module
    }

    #[test]
    fn known_interfaces_pass_in_any_version() {
        let known = module(&[
            "$root",
            "spin:sqlite/sqlite@3.1.0",
            "[export]wasi:http/handler@9",
        ]);
        assert!(check(&known, APPLICATION).is_ok());
    }

    #[test]
    fn operations_on_streams_do_not_count_as_uses_of_the_interface_they_name() {
        for builtin in ["[stream-new-0]f", "[async-lower][future-read-1]f"] {
            assert!(is_builtin(builtin), "{builtin}");
        }
        assert!(!is_builtin("[async-lower]read-via-stream"));
    }

    #[test]
    fn an_unknown_interface_is_named() {
        let error = check(&module(&["wasi:sockets/tcp@0.2.0"]), APPLICATION).expect_err("refused");
        assert!(error.to_string().contains("wasi:sockets/tcp@0.2.0"));
    }

    #[test]
    fn a_truncated_module_is_an_error() {
        let whole = module(&["$root"]);
        for end in (0..8).chain(9..whole.len()) {
            assert!(check(&whole[..end], APPLICATION).is_err(), "cut at {end}");
        }
    }
}
