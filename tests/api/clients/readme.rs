//! README's shell commands, in order, in one folder that is empty at the beginning, on a machine
//! that has nothing but sh, curl and openssl.

use std::fs;
use std::net::TcpListener;
use std::path::Path;

use super::docs::shell_blocks;
use crate::support::environment::{host_program, operators_program};
use crate::support::setup::CONFIG;
use crate::support::{Darkroom, Kind, Program, host_kind, peer};

const README: &str = include_str!("../../../README.md");

/// Where README's server listens.
const ADDRESS: &str = "127.0.0.1:3000";

/// What stands for the commands that build, and for those that serve until they are stopped. They
/// serve in the background, and the script continues when they are ready. `curl` fails if the
/// answer is an error.
const STAND_INS: &str = r#"
set -eu
SERVER=
stop() { test -z "$SERVER" || { kill "$SERVER"; wait "$SERVER" || :; }; }
trap stop EXIT
serve() {
    stop
    "$@" --listen 127.0.0.1:3000 &
    SERVER=$!
    command curl -sS -f --retry 60 --retry-delay 1 --retry-all-errors -o ready \
        http://127.0.0.1:3000/health/ready 2>retries
}
curl() { command curl -sS --fail-with-body "$@"; }
PROGRAM=$(command -v darkroom)
cargo() { case "$*" in 'xtask up' | 'xtask test') ;; *) return 1 ;; esac }
darkroom() { case $1 in serve) serve "$PROGRAM" "$@" ;; *) "$PROGRAM" "$@" ;; esac }
spin() { case $1 in build) ;; up) shift && serve $HOST "$@" ;; *) return 1 ;; esac }
"#;

/// What README says of the last server that it starts.
const LAST: &str = r#"
curl -H "Authorization: Bearer $(darkroom token --sub alice)" http://127.0.0.1:3000/v1/images
"#;

/// The commands of all blocks.
fn commands() -> String {
    shell_blocks(README).concat()
}

/// A folder with these programs and no others.
fn only(programs: &[(&str, &Path)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a temporary directory");
    for (name, path) in programs {
        std::os::unix::fs::symlink(path, folder.path().join(name)).expect("a link");
    }
    folder
}

#[test]
fn all_commands_of_the_readme_succeed_in_order_in_an_empty_folder() {
    let (curl, openssl) = (peer("DARKROOM_TEST_CURL"), peer("DARKROOM_TEST_OPENSSL"));
    let (Some(curl), Some(openssl)) = (curl, openssl) else {
        return;
    };
    let (darkroom, host) = (operators_program(), host_program());
    let host = host.canonicalize().expect("the host");
    let path = only(&[
        ("curl", &curl),
        ("openssl", &openssl),
        ("darkroom", &darkroom),
    ]);
    let port = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
    let address = port.expect("a free port").to_string();
    let script = [STAND_INS, &commands(), LAST].concat();
    let script = script.replace(ADDRESS, &address);

    let shell = Program::at("/bin/sh");
    // For "Run on Spin", the folder is a clone.
    let clone = shell.file("");
    Darkroom::with().write_files(&clone);
    let config = include_str!("../../../runtime-config.toml");
    fs::write(shell.file(CONFIG), config).expect("is written");
    let host = match host_kind() {
        Kind::Spin => format!("{} up", host.display()),
        Kind::Embedded => host.display().to_string(),
    };
    let path = path.path().to_str().expect("a readable path");
    let output = shell.run_with(&[("PATH", path), ("HOST", &host)], &["-c", &script]);
    let text = [&output.stdout[..], &output.stderr].concat();
    let text = String::from_utf8_lossy(&text);
    assert!(output.status.success(), "{}: {text}", output.status);
    assert_eq!(shell.read("copy.png"), shell.read("photo.png"));
    assert!(text.contains(&format!("{address}\n")), "{text}");
    for store in ["darkroom-data/darkroom.db", ".spin/darkroom.db"] {
        assert!(shell.file(store).is_file(), "{store}: {text}");
    }
}
