//! The shell commands of `docs/`. Those that a running server can answer are run, in the order of
//! the page. Of the others, the syntax is checked.

use std::fs;
use std::net::TcpListener;
use std::path::Path;

use crate::support::environment::operators_program;
use crate::support::{KEYS, Program, fixture, peer, share_compiled_code};

/// Commands that are not run: the page, the beginning of the block, and what it needs.
const NOT_RUN: [(&str, &str, &str); 17] = [
    ("access.md", "#!/usr/bin/env bash", "run by `recipes`"),
    (
        "clients.md",
        "pip install",
        "a registry; `generated` runs the rest",
    ),
    (
        "clients.md",
        "npm install",
        "a registry; `generated` runs the rest",
    ),
    (
        "hostile-input.md",
        "cargo xtask fuzz --wasm",
        "a toolchain, and half an hour",
    ),
    (
        "hostile-input.md",
        "cargo xtask fuzz  ",
        "a toolchain, and minutes",
    ),
    (
        "deploy.md",
        "install -m 0755 darkroom",
        "a machine of its own",
    ),
    ("deploy.md", "docker build", "Docker"),
    ("deploy.md", "cd deploy/compose", "Docker"),
    ("deploy.md", "spin registry push", "Kubernetes"),
    ("deploy.md", "spin aka deploy", "an account"),
    ("operations.md", "# the slowest requests", "jq"),
    ("operations.md", "git worktree add", "a clone, and minutes"),
    ("operations.md", "pg_dump", "PostgreSQL, and a bucket"),
    ("operations.md", "pg_restore", "PostgreSQL, and a bucket"),
    ("performance.md", "cargo xtask bench", "minutes"),
    ("stores.md", "SPIN_VARIABLE_BLOB_STORE", "a bucket"),
    (
        "stores.md",
        "SPIN_VARIABLE_CATALOG",
        "a server of PostgreSQL",
    ),
];

/// What the pages take for granted: a server in this folder, a token, and two images.
/// `curl` fails if the answer is an error.
const BEFORE: &str = r#"
set -eu
"$DARKROOM" serve --listen 127.0.0.1:3000 2>serve.log &
SERVER=$!
trap 'kill "$SERVER"; wait "$SERVER" || :' EXIT
command curl -sS -f --retry 60 --retry-delay 1 --retry-all-errors -o ready \
    http://127.0.0.1:3000/health/ready 2>retries
curl() { command curl -sSf "$@"; }
darkroom() { "$DARKROOM" "$@"; }
id() { IMAGE=${1#*'"id":"'}; echo "${IMAGE%%'"'*}"; }
TOKEN=$(darkroom token --sub alice)
upload() { curl -F file=@photo.jpg -H "Authorization: Bearer $TOKEN" http://127.0.0.1:3000/v1/images; }
ID=$(id "$(upload)") OTHER=$(id "$(upload)")
"#;

/// The blocks of shell commands in a page. Those in lists are indented.
pub(super) fn shell_blocks(page: &str) -> Vec<String> {
    let mut blocks = Vec::new();
    let mut lines = page.lines();
    while let Some(line) = lines.next() {
        let Some(indent) = line.strip_suffix("```sh") else {
            continue;
        };
        let lines = lines.by_ref().map(|line| {
            let line = line.strip_prefix(indent);
            line.unwrap_or_default()
        });
        let block: Vec<&str> = lines.take_while(|line| *line != "```").collect();
        blocks.push(block.join("\n") + "\n");
    }
    blocks
}

/// All pages, by name.
fn pages() -> Vec<(String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs");
    let entries = fs::read_dir(folder).expect("the pages");
    let pages = entries.filter_map(|entry| {
        let path = entry.expect("an entry").path();
        let name = path.file_name()?.to_str()?.to_owned();
        let is_page = name.ends_with(".md");
        is_page.then(|| (name, fs::read_to_string(&path).expect("a page")))
    });
    pages.collect()
}

/// Whether a block is one of those that are not run.
fn needs_more(page: &str, block: &str) -> bool {
    let mut listed = NOT_RUN.iter();
    listed.any(|(other, beginning, _)| *other == page && block.starts_with(beginning))
}

#[test]
fn all_commands_in_the_docs_are_shell() {
    let (sh, bash) = (Program::at("sh"), Program::at("bash"));
    let pages = pages();
    let mut skipped = Vec::new();
    for (page, text) in &pages {
        for block in shell_blocks(text) {
            let is_for_bash = block.starts_with("#!/usr/bin/env bash");
            let shell = if is_for_bash { &bash } else { &sh };
            shell.succeed(&["-n", "-c", &block]);
            skipped.extend(needs_more(page, &block).then(|| block.clone()));
        }
    }
    for (page, beginning, _) in NOT_RUN {
        let is_used = skipped.iter().any(|block| block.starts_with(beginning));
        assert!(is_used, "{page} has no such commands: {beginning}");
    }
}

#[test]
fn all_commands_in_the_docs_that_a_server_can_answer_succeed() {
    if peer("DARKROOM_TEST_CURL").is_none() {
        return;
    }
    let mut run = 0;
    for (page, text) in pages() {
        let blocks = shell_blocks(&text);
        let blocks: Vec<String> = blocks
            .into_iter()
            .filter(|block| !needs_more(&page, block))
            .collect();
        if !blocks.is_empty() {
            run_page(&page, &blocks.concat());
            run += blocks.len();
        }
    }
    assert!(run > 10, "{run}");
}

/// Runs the commands of a page in a folder of their own.
#[track_caller]
fn run_page(page: &str, commands: &str) {
    let port = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
    let address = port.expect("a free port").to_string();
    let mut script = [BEFORE, commands].concat();
    for (documented, here) in [
        ("127.0.0.1:3000", address.as_str()),
        ("https://images.example.com", &format!("http://{address}")),
        ("/srv/darkroom", "darkroom-data"),
        ("/srv/elsewhere", "elsewhere"),
        ("/backups/", "backups/"),
    ] {
        script = script.replace(documented, here);
    }
    let shell = Program::at("/bin/sh");
    // Pages name keys that an operator would have by then.
    let keys = format!("{KEYS},programs:cHJvZ3JhbXMtaGF2ZS1hLWtleS1vZi10aGVpci1vd24");
    let variables = format!("SPIN_VARIABLE_SIGNING_KEYS={keys}\n");
    shell.write(".env", variables.as_bytes());
    shell.write("photo.jpg", fixture("grey.jpg").bytes);
    fs::create_dir(shell.file("backups")).expect("a folder");
    share_compiled_code(&shell.file("darkroom-data"));
    let darkroom = operators_program();
    let darkroom = darkroom.to_str().expect("a readable path");
    let output = shell.run_with(&[("DARKROOM", darkroom)], &["-c", &script]);
    let text = [&output.stdout[..], &output.stderr].concat();
    let text = String::from_utf8_lossy(&text);
    let status = output.status;
    assert!(status.success(), "{page}: {status}: {text}");
}
