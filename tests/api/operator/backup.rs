//! `darkroom backup`, `restore` and `fsck`, on the stores of a server.

use std::path::Path;
use std::time::Duration;

use serde_json::json;

use crate::faults::crash::ledger::{CHUNK, Ledger};
use crate::faults::crash::storm::Storm;
use crate::faults::crash::{Seed, everything};
use crate::support::setup::CONFIG;
use crate::support::{Chore, Darkroom, Png, chore, content, eventually};

/// Runs a command on the stores of a server, without blocking other tasks.
async fn on_stores_of(darkroom: &Darkroom, arguments: &[&str]) -> Chore {
    let folder = darkroom.folder().to_owned();
    let arguments: Vec<String> = arguments.iter().map(|word| (*word).to_owned()).collect();
    let run = move || {
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        chore(&arguments, Some(&folder))
    };
    tokio::task::spawn_blocking(run).await.expect("it ends")
}

fn text(path: &Path) -> &str {
    path.to_str().expect("a readable path")
}

/// Restores a backup into an empty directory.
fn restore(backup: &Path, folder: &Path, like: &Darkroom) {
    std::fs::copy(like.folder().join(CONFIG), folder.join(CONFIG)).expect("is copied");
    let restored = chore(&["restore", "--from", text(backup)], Some(folder));
    assert!(restored.succeeded, "{}", restored.text);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_that_is_made_under_load_is_complete_elsewhere() {
    let seed = Seed::new();
    let mut dice = seed.dice();
    let setup = Darkroom::with().variable("chunk_bytes", CHUNK);
    // Shorter than a backup may take.
    let mut darkroom = setup.variable("delete_grace_seconds", 1).start();
    let folder = tempfile::tempdir().expect("a temporary directory");
    let mut ledger = Ledger::new();
    let storm = Storm::begin(&darkroom, &ledger, &mut dice);
    let mut copies = Vec::new();
    for number in 0..4 {
        tokio::time::sleep(Duration::from_millis(500)).await;
        let backup = folder.path().join(format!("backup-{number}"));
        let before = storm.ledger();
        let made = on_stores_of(&darkroom, &["backup", "--to", text(&backup)]).await;
        assert!(made.succeeded, "{}", made.text);
        copies.push((backup, before, storm.ledger()));
    }
    darkroom.stop();
    assert!(storm.end(&mut ledger).await > 20, "no load");
    for (backup, before, mut after) in copies {
        let stores = tempfile::tempdir().expect("a temporary directory");
        restore(&backup, stores.path(), &darkroom);
        let copy = Darkroom::with().on_stores_in(stores.path()).start();
        let admin = copy.scoped("root", "admin");
        after.settle_copy(&before, &everything(&admin).await);
        assert!(!after.images.is_empty());
        let audited = admin.audit(&json!({})).await;
        assert_eq!(audited["findings"], json!([]));
        after.read_all(&copy).await;
    }
}

#[tokio::test]
async fn a_backup_is_never_restored_over_existing_stores() {
    let darkroom = Darkroom::start();
    let alice = darkroom.client("alice");
    let file = Png::of_size(900_000).bytes();
    let image = alice.upload(file.clone()).await;
    let folder = tempfile::tempdir().expect("a temporary directory");
    let backup = folder.path().join("backup");
    let made = on_stores_of(&darkroom, &["backup", "--to", text(&backup)]).await;
    assert!(made.succeeded, "{}", made.text);
    for arguments in [["backup", "--to"], ["restore", "--from"]] {
        let arguments = [arguments[0], arguments[1], text(&backup)];
        let refused = on_stores_of(&darkroom, &arguments).await;
        assert!(
            !refused.succeeded && refused.text.contains("already"),
            "{}",
            refused.text
        );
    }
    assert!(alice.download(&image).await == file);
    let stores = tempfile::tempdir().expect("a temporary directory");
    restore(&backup, stores.path(), &darkroom);
    let copy = Darkroom::with().on_stores_in(stores.path()).start();
    assert!(copy.client("alice").download(&image).await == file);
}

#[tokio::test]
async fn fsck_reports_damage_by_its_exit_code_and_repairs_it() {
    let mut darkroom = Darkroom::with().variable("chunk_bytes", 1024).start();
    let alice = darkroom.client("alice");
    let broken = alice.upload(Png::of_size(5000).bytes()).await;
    let file = Png::of_size(3000).bytes();
    let whole = alice.upload(file.clone()).await;
    darkroom.stop();
    let fsck = ["fsck"];
    let sound = on_stores_of(&darkroom, &fsck).await;
    assert!(sound.succeeded, "{}", sound.text);

    darkroom.damage("DELETE FROM spin_key_value WHERE key LIKE '%:4'");
    darkroom
        .damage("INSERT INTO spin_key_value VALUES ('default', 'darkroom:blob:gone.0:0', x'00')");
    darkroom.damage_catalog("UPDATE blobs SET refs = 5");
    let id = broken["id"].as_str().expect("an id");
    for _ in 0..2 {
        let found = on_stores_of(&darkroom, &fsck).await;
        assert!(!found.succeeded, "{}", found.text);
        for word in [
            "wrong_count",
            "damaged_bytes",
            id,
            "orphan blob gone.0",
            "4 things",
        ] {
            assert!(found.text.contains(word), "no {word} in {}", found.text);
        }
    }
    let repairing = [&fsck[..], &["--repair"]].concat();
    let repaired = on_stores_of(&darkroom, &repairing).await;
    assert!(
        !repaired.succeeded && repaired.text.contains("1 thing"),
        "{}",
        repaired.text
    );
    let removing = [&repairing[..], &["--remove-damaged"]].concat();
    let removed = on_stores_of(&darkroom, &removing).await;
    assert!(removed.succeeded, "{}", removed.text);
    let sound = on_stores_of(&darkroom, &fsck).await;
    assert!(sound.succeeded, "{}", sound.text);
    darkroom.start_again();
    let alice = darkroom.client("alice");
    assert_eq!(alice.list().await, std::slice::from_ref(&whole));
    assert!(alice.download(&whole).await == file);
}

#[tokio::test]
async fn fsck_checks_a_running_server() {
    let darkroom = Darkroom::start();
    let alice = darkroom.client("alice");
    let image = alice.upload(Png::of_size(5000).bytes()).await;
    let address = darkroom.address().to_owned();
    let fsck = move || {
        let address = address.clone();
        let run = move || chore(&["fsck", "--url", &address], None);
        async { tokio::task::spawn_blocking(run).await.expect("it ends") }
    };
    let sound = fsck().await;
    assert!(sound.succeeded, "{}", sound.text);
    darkroom.damage("DELETE FROM spin_key_value");
    let broken = eventually(|| async { alice.get(content(&image)).await.status() == 500 });
    assert_eq!(broken.await, Ok(()));
    let found = fsck().await;
    assert!(
        !found.succeeded && found.text.contains("damaged_bytes"),
        "{}",
        found.text
    );
}
