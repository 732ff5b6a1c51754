//! `darkroom`, the operator's program, on its own: without a clone, a toolchain or another host.

use std::path::Path;

use reqwest::StatusCode;

use crate::support::process::Process;
use crate::support::{
    Chore, Client, EX_CONFIG, Png, chore, content, ended, operator, problem, sha256_hex,
    share_compiled_code,
};

/// An operator in an empty folder.
struct Operator {
    folder: tempfile::TempDir,
}

impl Operator {
    fn new() -> Self {
        let folder = tempfile::Builder::new().prefix("darkroom-cli-").tempdir();
        Self {
            folder: folder.expect("a temporary directory"),
        }
    }

    /// Runs a command line, whose words contain no spaces.
    fn run(&self, line: &str) -> Chore {
        ended(operator(self.folder.path()).args(line.split_whitespace()))
    }

    /// Runs a command line, which must succeed. Returns its standard output.
    fn succeeds(&self, line: &str) -> String {
        let done = self.run(line);
        assert!(done.succeeded, "{line}: {}", done.text);
        done.printed
    }

    /// Runs a command line, which must fail. Returns all its output.
    fn fails(&self, line: &str) -> String {
        let done = self.run(line);
        assert!(!done.succeeded, "{line}: {}", done.text);
        done.text
    }

    /// Serves on a free port until the process is dropped.
    fn serves(&self, options: &str) -> Process {
        let mut command = operator(self.folder.path());
        command.args(["serve", "--listen", "127.0.0.1:0"]);
        Process::of(command.args(options.split_whitespace()), self.folder.path())
    }

    /// Lets servers whose stores are in this directory use what other hosts have compiled.
    fn reuses_compiled_code(&self, data: &str) {
        share_compiled_code(&self.folder.path().join(data));
    }

    fn has(&self, path: &str) -> bool {
        self.folder.path().join(path).exists()
    }

    /// A client with a token that the program mints.
    fn client(&self, server: &Process, line: &str) -> Client {
        Client::new(&server.address, Some(self.succeeds(line)))
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_program_in_an_empty_folder_serves_and_maintains_its_stores() {
    let operator = Operator::new();
    operator.succeeds("keygen --save --kid 2026-11");
    let server = operator.serves("");
    let alice = operator.client(&server, "token --sub alice");
    let file = Png::of_size(900_000).bytes();
    let image = alice.upload(file.clone()).await;
    assert!(alice.download(&image).await == file);
    assert!(operator.has("darkroom-data/darkroom.db"));
    assert!(operator.has("darkroom-data/darkroom-blobs.db"));

    let path = content(&image);
    let link = format!(
        "sign --path {path} --base-url {} --param download=1",
        server.address
    );
    let link = operator.succeeds(&link);
    let anonymous = Client::new("", None);
    let linked = anonymous.get(&link).await;
    assert_eq!(linked.status(), StatusCode::OK);
    assert!(
        linked.headers()["content-disposition"]
            .to_str()
            .expect("text")
            .starts_with("attachment")
    );
    assert_eq!(
        sha256_hex(&linked.bytes().await.expect("a body")),
        image["sha256"]
    );
    let altered = anonymous
        .get(&link.replace("download=1", "download=0"))
        .await;
    problem(altered, 403, "link-invalid").await;

    let online = operator.succeeds(&format!("fsck --url {}", server.address));
    assert!(online.contains("1 images, 1 blobs"), "{online}");
    operator.succeeds("backup --to copy");
    assert!(server.stop(), "the server did not end");

    let offline = operator.succeeds("fsck");
    assert!(offline.contains("1 images, 1 blobs"), "{offline}");
    operator.succeeds("restore --from copy --data-dir elsewhere");
    assert!(
        operator
            .succeeds("fsck --data-dir elsewhere")
            .contains("in order")
    );
    operator.reuses_compiled_code("elsewhere");
    let server = operator.serves("--data-dir elsewhere");
    let alice = operator.client(&server, "token --sub alice --scope images:read");
    assert!(alice.download(&image).await == file);
    assert_eq!(
        alice
            .delete(&format!(
                "/v1/images/{}",
                image["id"].as_str().expect("an id")
            ))
            .await
            .status(),
        403
    );
}

#[tokio::test]
async fn a_server_follows_its_variables_and_files() {
    let operator = Operator::new();
    operator.succeeds("keygen --save");
    operator.reuses_compiled_code("darkroom-data");
    let server = operator.serves("--variable max_upload_bytes=1000 --variable token_audience=here");
    let dev = operator.client(&server, "token --audience here");
    assert_eq!(dev.send(vec![0; 1001]).await.status(), 413);
    let elsewhere = dev.with_token(operator.succeeds("token --audience there"));
    assert_eq!(elsewhere.get("/v1/usage").await.status(), 401);
    drop(server);

    let folder = operator.folder.path();
    let config = "[sqlite_database.default]\ntype = 'spin'\npath = 'a.db'\n\
                  [key_value_store.default]\ntype = 'spin'\npath = 'b.db'\n";
    std::fs::write(folder.join("stores.toml"), config).expect("is written");
    let server = operator.serves("--runtime-config-file stores.toml");
    let dev = operator.client(&server, "token");
    dev.upload(Png::of_size(2000).bytes()).await;
    assert!(operator.has("a.db") && operator.has("b.db"));
    assert!(server.stop(), "the server did not end");
    operator.succeeds("fsck --runtime-config-file stores.toml");
}

#[tokio::test]
async fn without_a_key_commands_fail_and_say_how_to_generate_one() {
    let operator = Operator::new();
    for line in ["serve", "token", "sign --path /v1/images/x/content"] {
        let error = operator.fails(line);
        assert!(error.contains("darkroom keygen --save"), "{line}: {error}");
    }
    assert!(!operator.has("darkroom-data"));
    operator.reuses_compiled_code("darkroom-data");
    let short = operator.fails("serve --variable signing_keys=dev:AAAA");
    assert!(short.contains("at least 32"), "{short}");
    assert_eq!(operator.succeeds("keygen --save"), "");
    let token = operator.succeeds("token");
    let again = operator.run("keygen --save");
    assert!(
        again.succeeded && again.text.contains("already"),
        "{}",
        again.text
    );
    let other = operator.fails("keygen --save --kid other");
    assert!(other.contains("already"), "{other}");
    let same_key = |token: &str| token.split('.').next().map(str::to_owned);
    assert_eq!(same_key(&operator.succeeds("token")), same_key(&token));
    let absent = operator.fails("token --env-file absent.env");
    assert!(absent.contains("absent.env"), "{absent}");
}

#[test]
fn a_wrong_setting_has_an_exit_code_of_its_own_and_the_configuration_is_shown_without_secrets() {
    let operator = Operator::new();
    operator.succeeds("keygen --save --kid 2026-11");
    let env = std::fs::read_to_string(operator.folder.path().join(".env")).expect("a key");
    let secret = env.trim().rsplit(':').next().expect("a secret");
    let shown = operator.succeeds("config check --variable max_pixels=100");
    for line in [
        "signing_keys = 2026-11 (secrets not shown)  (.env)",
        "max_pixels = \"100\"  (--variable)",
        "max_width = \"65535\"  (default)",
    ] {
        assert!(shown.contains(line), "{line}: {shown}");
    }
    assert!(
        shown.contains("darkroom-data/darkroom.db") && !shown.contains(secret),
        "{shown}"
    );
    operator.reuses_compiled_code("darkroom-data");
    for (setting, names) in [
        ("max_pixels=many", "max_pixels"),
        ("max_pixel=1", "did you mean max_pixels?"),
        ("signing_keys=a:AAAA", "signing_keys"),
    ] {
        for command in ["serve", "config check --quiet"] {
            let refused = operator.run(&format!("{command} --variable {setting}"));
            assert_eq!(refused.code, Some(EX_CONFIG), "{}", refused.text);
            let errors = refused.text.matches("error: ").count();
            assert!(
                errors == 1 && refused.text.contains(names),
                "{}",
                refused.text
            );
        }
    }
    let usage = operator.run("serve --listen nowhere");
    assert_eq!(usage.code, Some(2), "{}", usage.text);
}

#[test]
fn an_address_may_be_a_port_and_one_in_use_is_reported_before_stores_are_opened() {
    let operator = Operator::new();
    operator.succeeds("keygen --save");
    operator.reuses_compiled_code("darkroom-data");
    for listen in ["0", ":0", "localhost:0"] {
        let mut command = crate::support::operator(operator.folder.path());
        command.args(["serve", "--listen", listen]);
        let server = Process::of(&mut command, operator.folder.path());
        let address = &server.address;
        assert!(
            address.starts_with("http://127.0.0.1:"),
            "{listen}: {address}"
        );
        let taken = address.trim_start_matches("http://");
        let refused = operator.run(&format!("serve --data-dir other --listen {taken}"));
        assert_eq!(refused.code, Some(1), "{}", refused.text);
        assert!(refused.text.contains(taken), "{}", refused.text);
        assert!(refused.text.contains("--listen"), "{}", refused.text);
        assert!(!operator.has("other"));
    }
}

#[tokio::test]
async fn a_manifest_that_is_given_replaces_the_one_inside() {
    let setup = crate::support::Darkroom::with().launch();
    let from = setup.folder().join("spin.toml");
    let from = from.to_str().expect("a readable path");
    let operator = Operator::new();
    operator.succeeds("keygen --save");
    let server = operator.serves(&format!("--from {from}"));
    let dev = operator.client(&server, "token");
    let image = dev.upload(Png::of_size(2000).bytes()).await;
    assert_eq!(dev.get(content(&image)).await.status(), 200);
    assert!(
        operator
            .fails("serve --listen 127.0.0.1:0 --from absent.toml")
            .contains("absent.toml")
    );
}

#[test]
fn completions_and_manual_pages_name_every_command() {
    let operator = Operator::new();
    operator.succeeds("man --out man1");
    let script = operator.succeeds("completions bash");
    for command in [
        "serve", "config", "token", "keygen", "sign", "fsck", "backup", "restore", "migrate",
    ] {
        assert!(
            operator.has(&format!("man1/darkroom-{command}.1")),
            "{command}"
        );
        assert!(script.contains(command), "{command}");
    }
    assert!(operator.succeeds("man").contains("darkroom"));
    assert!(operator.fails("completions cmd").contains("bash"));
}

#[test]
fn fsck_and_backup_fail_if_there_are_no_stores() {
    let operator = Operator::new();
    for line in ["fsck", "backup --to copy"] {
        let error = operator.fails(line);
        assert!(error.contains("darkroom-data"), "{line}: {error}");
    }
    assert!(!operator.has("copy") && !operator.has("darkroom-data"));
    let restored = chore(
        &["restore", "--from", "absent"],
        Some(Path::new("/nowhere")),
    );
    assert!(!restored.succeeded, "{}", restored.text);
}
