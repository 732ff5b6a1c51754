//! Node.js with the libraries that tests use.

use std::fs;
use std::path::Path;

use super::{Program, peer};

/// Node, in a folder with the libraries of `tests/tools/packages.txt` and this script of
/// `tests/clients`. Returns none if `cargo xtask test` could not install the libraries, which it
/// reports as skipped.
pub(crate) fn node(script: &str) -> Option<Program> {
    let modules = peer("DARKROOM_TEST_NODE_MODULES")?;
    let node = Program::at("node");
    // Node looks for libraries next to the file that imports them.
    std::os::unix::fs::symlink(modules, node.file("node_modules")).expect("a link");
    let scripts = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/clients");
    let text = fs::read(scripts.join(script)).expect("a script");
    node.write(script, &text);
    Some(node)
}
