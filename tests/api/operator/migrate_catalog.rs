//! Moving the catalog from SQLite to PostgreSQL and back.

use std::path::Path;

use bytes::Bytes;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::setup::CONFIG;
use crate::support::{
    Chore, Client, Darkroom, FIXTURES, KEYS, Png, Postgres, created, ended, header, operator, path,
    problem, send,
};

/// The metrics of what is stored.
const STORED: [&str; 4] = [
    "darkroom_image",
    "darkroom_blob",
    "darkroom_variant",
    "darkroom_owner",
];

/// Runs the command on the file in this directory.
fn migrate(arguments: &[&str], folder: &Path, postgres: &Postgres) -> Chore {
    let url = postgres.url();
    let (_, server) = url.rsplit_once('@').expect("a server");
    let (server, _) = server.split_once('/').expect("a database");
    let mut command = operator(folder);
    command
        .arg("migrate-catalog")
        .args(arguments)
        .arg("--data-dir")
        .arg(folder)
        .arg("--runtime-config-file")
        .arg(folder.join(CONFIG))
        .env("SPIN_VARIABLE_SIGNING_KEYS", KEYS)
        .env("SPIN_VARIABLE_POSTGRES_URL", &url)
        .env(
            "SPIN_VARIABLE_POSTGRES_ENDPOINT",
            format!("postgres://{server}"),
        );
    ended(&mut command)
}

/// What an owner and an operator see of a deployment.
async fn view(darkroom: &Darkroom) -> Value {
    let (alice, admin) = (darkroom.client("alice"), darkroom.scoped("root", "admin"));
    let mut seen = json!({});
    for path in [
        "/v1/images?tag=a&sort=filename",
        "/v1/upload-tickets",
        "/v1/usage",
    ] {
        let answer = alice.get(path).await;
        seen[path] = answer.json().await.expect("JSON");
    }
    let images = alice.list().await;
    for image in &images {
        let links = alice.get(&format!("{}/links", path(image))).await;
        seen[path(image)] = links.json().await.expect("JSON");
    }
    seen["images"] = json!(images);
    let metrics = admin.get("/metrics").await.text().await.expect("text");
    let stored = metrics
        .lines()
        .filter(|line| STORED.iter().any(|name| line.starts_with(name)));
    seen["metrics"] = json!(stored.collect::<Vec<_>>());
    let audited = admin.audit(&json!({"limit": 50})).await;
    assert_eq!(audited["findings"], json!([]));
    seen
}

fn keyed(client: &Client, file: &Bytes) -> reqwest::RequestBuilder {
    let request = client.post().header("idempotency-key", "once");
    request.body(file.clone())
}

/// Adds some of everything.
async fn fill(alice: &Client) {
    for (number, fixture) in FIXTURES.iter().enumerate().take(6) {
        let image = alice.upload(fixture.bytes).await;
        let edit =
            json!({"tags": ["a", format!("猫{number}")], "metadata": {"n": number.to_string()}});
        let edited = alice.json(Method::PATCH, path(&image), &edit).await;
        assert_eq!(edited.status(), 200);
        alice
            .link(
                &image,
                &json!({"expires_in": 3600, "name": format!("link {number}")}),
            )
            .await;
    }
    alice.upload(FIXTURES[0].bytes).await;
    alice
        .ticket(&json!({"expires_in": 3600, "name": "ticket", "max_uploads": 3}))
        .await;
}

/// Rehearses the move. Nothing serves what is not complete.
async fn rehearse(folder: &Path, postgres: &Postgres) {
    let rehearsed = migrate(&["--to", "postgres", "--rehearse"], folder, postgres);
    assert!(rehearsed.succeeded, "{}", rehearsed.text);
    let mut early = Darkroom::with().catalog_in(postgres).launch();
    let ready = early.anonymous().get("/health/ready").await;
    problem(ready, 503, "unavailable").await;
    early.stop();
}

#[tokio::test]
async fn a_catalog_moves_to_postgres_and_back_with_everything_in_it() {
    let Some(postgres) = Postgres::start() else {
        return;
    };
    let mut darkroom = Darkroom::start();
    let alice = darkroom.client("alice");
    fill(&alice).await;
    let once = Png::of_size(5000).bytes();
    let first = created(send(keyed(&alice, &once)).await).await;
    // An upload that goes on after the move.
    let large = Png::of_size(500_000).bytes();
    let tus = |client: &Client, method, path: &str| {
        client
            .request(method, path)
            .header("tus-resumable", "1.0.0")
    };
    let append = |client: &Client, upload: &str, from: usize, to: usize| {
        tus(client, Method::PATCH, upload)
            .header("upload-offset", from)
            .header("content-type", "application/offset+octet-stream")
            .body(large.slice(from..to))
    };
    let creation = tus(&alice, Method::POST, "/v1/uploads").header("upload-length", large.len());
    let upload = header(&send(creation).await, "location").to_owned();
    assert_eq!(
        send(append(&alice, &upload, 0, 400_000)).await.status(),
        204
    );

    let folder = darkroom.folder().to_owned();
    rehearse(&folder, &postgres).await;
    // The source has changed, and an attempt was broken off.
    alice.delete(path(&alice.list().await[3])).await;
    alice.upload(Png::of_size(7000).bytes()).await;
    postgres.sql("UPDATE images SET tags = '[]' WHERE id = (SELECT min(id) FROM images)");
    postgres.sql("DELETE FROM image_tags; DELETE FROM blobs; INSERT INTO usage VALUES ('x', 1, 1)");
    darkroom.stop();
    darkroom.set("read_only", "on");
    darkroom.start_again();
    let before = view(&darkroom).await;
    let moved = migrate(&["--to", "postgres"], &folder, &postgres);
    assert!(moved.succeeded, "{}", moved.text);
    assert!(
        moved.printed.contains("All rows are equal"),
        "{}",
        moved.text
    );
    let again = migrate(&["--to", "postgres"], &folder, &postgres);
    assert!(
        !again.succeeded && again.text.contains("has a catalog already"),
        "{}",
        again.text
    );

    let mut there = Darkroom::with()
        .catalog_in(&postgres)
        .on_stores_of(&darkroom)
        .start();
    assert_eq!(view(&there).await, before);
    let alice = there.client("alice");
    for image in alice.list().await {
        alice.download(&image).await;
    }
    assert_eq!(created(send(keyed(&alice, &once)).await).await, first);
    let ended = send(append(&alice, &upload, 400_000, large.len())).await;
    assert_eq!(ended.status(), 204);
    fill(&alice).await;
    let before = view(&there).await;
    there.stop();
    darkroom.stop();

    let file = darkroom.catalog_path();
    for suffix in ["", "-wal", "-shm"] {
        let _ = std::fs::remove_file(format!("{}{suffix}", file.display()));
    }
    let back = migrate(&["--to", "sqlite"], &folder, &postgres);
    assert!(back.succeeded, "{}", back.text);
    darkroom.set("read_only", "off");
    darkroom.start_again();
    assert_eq!(view(&darkroom).await, before);
    fill(&darkroom.client("alice")).await;
}

#[test]
fn a_move_names_what_is_missing() {
    let folder = tempfile::tempdir().expect("a temporary directory");
    let arguments = ["migrate-catalog", "--to", "postgres", "--data-dir", "."];
    let mut command = operator(folder.path());
    let chore = ended(
        command
            .args(arguments)
            .env("SPIN_VARIABLE_SIGNING_KEYS", KEYS),
    );
    assert!(
        !chore.succeeded && chore.text.contains("there is no catalog in"),
        "{}",
        chore.text
    );
}
