//! The page for people, in Chromium, as they would use it. Each test is a script of
//! `tests/clients/page/`; what it has seen is kept in `target/page/`, to look at.

use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use crate::support::{Darkroom, KEYS, Program, peer, problem};

/// A folder with the scripts, next to the libraries that they import. None if `cargo xtask test`
/// could not install these, which it reports as skipped.
fn scripts() -> Option<Program> {
    let modules = peer("DARKROOM_TEST_NODE_MODULES")?;
    let node = Program::at("node");
    symlink(modules, node.file("node_modules")).expect("a link");
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/clients/page");
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.extension().is_some_and(|extension| extension == "mjs") {
            let name = path.file_name().expect("a name").to_string_lossy();
            let script = std::fs::read(&path).expect("a script");
            node.write(&name, &script);
        }
    }
    Some(node)
}

/// Where pictures of a script are kept.
fn pictures(script: &str) -> PathBuf {
    let tests = std::env::current_exe().expect("a path");
    let target = tests.ancestors().nth(3).expect("target/debug/deps/api");
    let folder = target.join("page").join(script);
    std::fs::create_dir_all(&folder).expect("is created");
    folder
}

/// Runs a script, which must succeed. Returns what it prints.
async fn run(darkroom: &Darkroom, script: &'static str) -> Option<String> {
    let (Some(node), Some(chromium)) = (scripts(), peer("DARKROOM_TEST_CHROMIUM")) else {
        return None;
    };
    let arguments = [
        PathBuf::from(format!("{script}.mjs")),
        PathBuf::from(darkroom.address()),
        PathBuf::from(KEYS),
        chromium,
        pictures(script),
    ];
    let printed = tokio::task::spawn_blocking(move || node.succeed(&arguments));
    let printed = printed.await.expect("it ends");
    assert!(printed.ends_with("passed\n"), "{printed}");
    Some(printed)
}

#[tokio::test]
async fn people_upload_look_edit_share_and_delete() {
    run(&Darkroom::shared(), "walk").await;
}

#[tokio::test]
async fn uploads_go_on_after_a_reload() {
    run(&Darkroom::shared(), "resume").await;
}

#[tokio::test]
async fn tokens_are_taken_kept_and_renewed() {
    run(&Darkroom::shared(), "session").await;
}

#[tokio::test]
async fn what_others_write_is_shown_as_text() {
    run(&Darkroom::shared(), "hostile").await;
}

#[tokio::test]
async fn guests_send_pictures_and_named_links_are_revoked() {
    run(&Darkroom::shared(), "guest").await;
}

#[tokio::test]
async fn everything_is_done_without_a_pointer() {
    run(&Darkroom::shared(), "keyboard").await;
}

#[tokio::test]
async fn every_state_is_accessible_on_desks_and_phones() {
    // With totals of its own.
    run(&Darkroom::start(), "states").await;
}

#[tokio::test]
async fn five_thousand_images_are_scrolled_smoothly() {
    if let Some(printed) = run(&Darkroom::start(), "scroll").await {
        println!("{printed}");
    }
}

#[tokio::test]
async fn the_page_can_be_left_out() {
    let darkroom = Darkroom::with().variable("page", "off").start();
    let anybody = darkroom.anonymous();
    for path in ["/", "/drop"] {
        problem(anybody.get(path).await, 404, "not-found").await;
    }
}

#[test]
fn the_types_of_the_page_are_right() {
    let Some(modules) = peer("DARKROOM_TEST_NODE_MODULES") else {
        return;
    };
    let compiler = modules.join("typescript/bin/tsc").display().to_string();
    let web = Path::new(env!("CARGO_MANIFEST_DIR")).join("web");
    let web = web.display().to_string();
    Program::at("node").succeed(&[compiler.as_str(), "--project", &web]);
}
