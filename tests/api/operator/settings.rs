//! Settings: a wrong one stops the application, with an error that names it. Where the stores are.

use crate::support::environment::host_program;
use crate::support::process::Process;
use crate::support::{Darkroom, KEYS, Kind, host_kind, refusal};

#[tokio::test]
async fn a_wrong_setting_is_named_once_and_ends_the_host() {
    for (variable, value) in [
        ("max_upload_bytes", "abc"),
        ("max_pixels", "0"),
        ("accepted_types", "jpeg,svg"),
        ("public_base_url", "images.example.com"),
        ("chunk_bytes", "1"),
    ] {
        let text = refusal(Darkroom::with().variable(variable, value), variable).await;
        let lines = text.lines().filter(|line| line.contains(variable));
        let lines: Vec<&str> = lines.collect();
        let is_named_once = match lines[..] {
            [line] => line.starts_with("error: "),
            // The answers too.
            _ => host_kind() == Kind::Spin && !lines.is_empty(),
        };
        assert!(is_named_once && !text.contains("panicked"), "{text}");
    }
}

#[tokio::test]
async fn wrong_keys_are_named_without_the_secret() {
    let short = "ZGFya3Jvb20tc2hvcnQ";
    let (id, secret) = KEYS.split_once(':').expect("a key");
    for (keys, secret) in [
        (format!("test:{short}"), short),
        (secret.to_owned(), secret),
        (format!("{id}:{secret}!"), secret),
        (format!("{KEYS},{KEYS}"), secret),
    ] {
        let setup = Darkroom::with().variable("signing_keys", &keys);
        let text = refusal(setup, "signing_keys").await;
        assert!(text.contains("signing_keys"), "{text}");
        assert!(!text.contains(secret), "{text}");
    }
}

#[test]
fn a_misspelt_variable_is_a_warning_with_the_name_that_was_meant() {
    if host_kind() == Kind::Spin {
        return;
    }
    let darkroom = Darkroom::with().variable("max_pixel", "1").start();
    let warning = "SPIN_VARIABLE_MAX_PIXEL is set, but the application has no such variable; did \
                   you mean SPIN_VARIABLE_MAX_PIXELS?";
    assert!(darkroom.log().contains(warning), "{}", darkroom.log());
}

#[test]
fn the_host_opens_the_stores_beside_the_manifest_wherever_it_is_started_and_says_which() {
    if host_kind() == Kind::Spin {
        return;
    }
    let setup = Darkroom::with();
    let folder = tempfile::tempdir().expect("a temporary directory");
    setup.write_files(folder.path());
    let config = "[sqlite_database.default]\ntype = 'spin'\npath = 'here.db'\n\
                  [key_value_store.default]\ntype = 'spin'\npath = 'here-blobs.db'\n";
    std::fs::write(folder.path().join("runtime-config.toml"), config).expect("is written");
    for new in [" (new)", ""] {
        let mut command = std::process::Command::new(host_program());
        let elsewhere = tempfile::tempdir().expect("a temporary directory");
        command.current_dir(elsewhere.path());
        command.arg("--from").arg(folder.path().join("spin.toml"));
        command.args(["--listen", "127.0.0.1:0"]);
        command.env("SPIN_VARIABLE_SIGNING_KEYS", KEYS);
        let process = Process::of(&mut command, elsewhere.path());
        assert!(process.stop(), "the host did not end");
        let log = std::fs::read_to_string(elsewhere.path().join("stderr.log")).expect("a log");
        for (kind, name) in [
            ("database", "here.db"),
            ("key-value store", "here-blobs.db"),
        ] {
            let path = folder.path().join(name);
            let line = format!("The {kind} \"default\" is {}{new}\n", path.display());
            assert!(log.contains(&line), "{line}: {log}");
        }
    }
}

#[tokio::test]
async fn every_key_of_the_ring_verifies() {
    let new = "new:bmV3LWtleS1mb3ItZGFya3Jvb20tZW5kLXRvLWVuZC10ZXN0cw";
    let darkroom = Darkroom::with()
        .variable("signing_keys", format!("{new},{KEYS}"))
        .start();
    // The tokens of these tests are signed with the second of these keys.
    let response = darkroom.client("alice").get("/v1/images").await;
    assert_eq!(response.status(), 200);
}
