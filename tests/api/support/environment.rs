//! The environment variables that `cargo xtask test` sets for these tests.

use std::env;
use std::path::PathBuf;

/// The host that runs the component.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// `darkroom-host`.
    Embedded,
    /// Spin's command line.
    Spin,
}

/// `DARKROOM_TEST_HOST_KIND`.
pub(crate) fn host_kind() -> Kind {
    match required("DARKROOM_TEST_HOST_KIND").as_str() {
        "embedded" => Kind::Embedded,
        "spin" => Kind::Spin,
        other => panic!("DARKROOM_TEST_HOST_KIND is {other:?}, but must be embedded or spin"),
    }
}

/// Whether the host is Spin, which differs in `this`, so that the test does not apply. If so,
/// prints that.
pub(crate) fn spin_differs(this: &str) -> bool {
    let differs = host_kind() == Kind::Spin;
    if differs {
        eprintln!("skipped on Spin: {this}");
    }
    differs
}

/// `DARKROOM_TEST_HOST_BIN`: the program.
pub(crate) fn host_program() -> PathBuf {
    required("DARKROOM_TEST_HOST_BIN").into()
}

/// `DARKROOM_TEST_COMPONENT`: the `.wasm` file.
pub(crate) fn component() -> PathBuf {
    existing("DARKROOM_TEST_COMPONENT")
}

/// `DARKROOM_TEST_CONFORMANCE`: the `.wasm` file that runs the conformance suites on its stores.
pub(crate) fn conformance_component() -> PathBuf {
    existing("DARKROOM_TEST_CONFORMANCE")
}

/// `DARKROOM_TEST_GUESTS`: the directory with the components of `tests/guests`.
pub(crate) fn guests() -> PathBuf {
    existing("DARKROOM_TEST_GUESTS")
}

/// `DARKROOM_TEST_DERIVE`: the `.wasm` file of the component that derives images.
pub(crate) fn deriving_component() -> PathBuf {
    existing("DARKROOM_TEST_DERIVE")
}

/// `DARKROOM_TEST_CLI`: the operator's program, with the component inside.
pub(crate) fn operators_program() -> PathBuf {
    existing("DARKROOM_TEST_CLI")
}

fn existing(variable: &str) -> PathBuf {
    let path = PathBuf::from(required(variable));
    path.canonicalize()
        .unwrap_or_else(|error| panic!("cannot find {}: {error}", path.display()))
}

/// The path of a third-party program, from an environment variable. The variable is unset if
/// `cargo xtask test` did not find the program, which it then reports. With `CI=true` it must be
/// set.
pub(crate) fn peer(variable: &str) -> Option<PathBuf> {
    required("DARKROOM_TEST_HOST_KIND");
    if env::var("CI").is_ok_and(|ci| ci == "true") {
        return Some(required(variable).into());
    }
    env::var_os(variable).map(PathBuf::from)
}

fn required(variable: &str) -> String {
    env::var(variable).unwrap_or_else(|_| {
        panic!(
            "{variable} is not set: these tests need a built component and a host to run it; \
             `cargo xtask test --only api` builds both and sets it"
        )
    })
}
