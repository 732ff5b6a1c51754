//! tus-js-client and Uppy in Chromium, from a page of another origin.

use std::path::Path;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use serde_json::{Value, json};

use super::Stage;
use crate::clients::browser::rendered;
use crate::faults::crash::Seed;
use crate::support::{Cut, Files, Network, Png, Program, Setup, Site, node, peer};

const SIZE: usize = 350_000;
const SCRIPT: &str = "browser_uploads.mjs";
/// Ten minutes of the browser's own time, which passes quickly while a page waits.
const TIME: &str = "--virtual-time-budget=600000";
const PAGE: &str = "<!doctype html><pre></pre><script type=\"module\" src=\"page.mjs\"></script>";

/// A browser, a page that uploads a file in each of some ways, and a server that allows it.
struct Page {
    chromium: Program,
    stage: Stage,
    origin: String,
    files: Vec<Bytes>,
}

impl Page {
    fn new(ways: &[&str]) -> Option<Self> {
        let chromium = Program::find("DARKROOM_TEST_CHROMIUM")?;
        let mut served = Files::from([
            ("/".to_owned(), PAGE.into()),
            ("/page.mjs".to_owned(), bundle()?),
        ]);
        let site = Site::reserve();
        let setup = Setup::default().variable("cors_origins", &site.origin);
        let stage = Stage::with(setup);
        let files = ways.iter().map(|way| {
            let file = Png::of_size(SIZE).bytes();
            served.insert(format!("/{way}.png"), file.to_vec());
            file
        });
        let files = files.collect();
        Some(Self {
            chromium,
            stage,
            origin: site.serve(served),
            files,
        })
    }

    /// Opens the page. Returns what became of each way.
    fn open(&self, ways: &[&str], broken: &str) -> Value {
        let base = self.stage.darkroom.address();
        let token = &self.stage.token;
        let ways = ways.join(",");
        let origin = &self.origin;
        let url = format!("{origin}/?ways={ways}&base={base}&broken={broken}&token={token}");
        // What a page keeps, it finds again when it is opened again.
        let profile = self.chromium.file("profile");
        let profile = format!("--user-data-dir={}", profile.display());
        let document = rendered(&self.chromium, &[TIME.to_owned(), profile], &url);
        let seen = document.split("SEEN").nth(1);
        let seen = seen.unwrap_or_else(|| panic!("no result: {document}"));
        serde_json::from_str(seen).expect("JSON")
    }
}

/// The script of the page, with the recipes and the libraries that it uses.
fn bundle() -> Option<Vec<u8>> {
    let node = node(SCRIPT)?;
    let recipes = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/recipes");
    for name in ["upload_tus.mjs", "upload_uppy.mjs"] {
        let recipe = std::fs::read(recipes.join(name)).expect("a recipe");
        node.write(name, &recipe);
    }
    let modules = peer("DARKROOM_TEST_NODE_MODULES")?;
    let esbuild = modules.join("esbuild/bin/esbuild").display().to_string();
    let options = ["--bundle", "--format=esm", "--outfile=page.mjs"];
    node.succeed(
        &[
            &[esbuild.as_str(), SCRIPT, "--log-level=warning"],
            &options[..],
        ]
        .concat(),
    );
    Some(node.read("page.mjs"))
}

/// Checks that each way has uploaded its file.
fn succeeded(seen: &Value, ways: &[&str]) {
    for way in ways {
        assert_eq!(seen[way].get("error"), None, "{way}: {seen:#}");
        assert!(!seen[way].is_null(), "{way}: {seen:#}");
    }
}

#[tokio::test]
async fn pages_of_other_origins_upload_in_every_way() {
    const WAYS: [&str; 8] = [
        "recipe",
        "uppy",
        "pieces",
        "parallel",
        "with_creation",
        "deferred_length",
        "post_instead_of_patch",
        "draft_05",
    ];
    let Some(page) = Page::new(&WAYS) else { return };
    let seen = page.open(&WAYS, "");
    succeeded(&seen, &WAYS);
    let images = page.stage.holds_only(&page.files).await;
    // Both recipes tell the page its image.
    assert_eq!(seen["recipe"], images[0]["links"]["self"]);
    let expected = json!({"images": [images[1]["links"]["self"]], "failed": []});
    assert_eq!(seen["uppy"], expected);
    for (image, way) in images.iter().zip(WAYS) {
        assert_eq!(image["filename"], format!("{way}.png"));
    }
}

#[tokio::test]
async fn a_page_goes_on_where_the_closed_tab_has_stopped() {
    let Some(page) = Page::new(&["closed"]) else {
        return;
    };
    let closed = page.open(&["closed"], "");
    succeeded(&closed, &["closed"]);
    let open = page.stage.open().await;
    assert_eq!(open.len(), 1, "{open:?}");
    assert_eq!(open[0]["offset"], 100_000);
    let opened = page.open(&["opened_again"], "");
    assert_eq!(opened["opened_again"], json!({"first": 100_000}));
    page.stage.holds_only(&page.files).await;
}

#[tokio::test]
async fn a_page_survives_connections_that_break() {
    const WAYS: [&str; 2] = ["broken", "broken_draft"];
    const BREAKS: usize = 24;
    let Some(page) = Page::new(&WAYS) else { return };
    let seed = Seed::new();
    let mut dice = seed.dice();
    let broken = Arc::new(Mutex::new(0));
    let counted = Arc::clone(&broken);
    let network = Network::before(page.stage.darkroom.address(), move |_| {
        let mut broken = counted.lock().expect("not poisoned");
        if *broken == BREAKS {
            return Cut::Never;
        }
        *broken += 1;
        Cut::Sent(dice.below(100_000))
    });
    let seen = page.open(&WAYS, &network.address());
    succeeded(&seen, &WAYS);
    assert!(*broken.lock().expect("not poisoned") > 4);
    page.stage.take_back_open().await;
    page.stage.holds_only(&page.files).await;
}

#[tokio::test]
async fn pages_of_other_origins_may_send_and_read_every_header_of_both_protocols() {
    let Some(page) = Page::new(&[]) else { return };
    let seen = page.open(&["across_origins"], "");
    let expected = json!({"refused": [], "unreadable": []});
    assert_eq!(seen["across_origins"], expected);
    page.stage.holds_only(&[]).await;
}
