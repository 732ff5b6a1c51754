//! `cargo xtask openapi`: regenerates the published description of the API.

// The frame and the style of every page that the application serves.
#[path = "../../../src/http/reply/markup.rs"]
mod markup;
mod page;

use std::fs;

use anyhow::{Context as _, Result};
use clap::Args;

use crate::cargo::{self, root};
use crate::say;

/// The path of the description, relative to the root of the repository.
const JSON: &str = "docs/openapi.json";
/// The path of the page that is generated from it.
const HTML: &str = "docs/openapi.html";
/// The unit test that compares the description with the code, or writes it when [`WRITE`] is
/// set.
const TEST: &str = "the_published_description_is_up_to_date";
/// The environment variable that makes the test write the description.
const WRITE: &str = "DARKROOM_WRITE_OPENAPI";

/// Generates `docs/openapi.json` from the code, and `docs/openapi.html` from that.
#[derive(Args)]
pub(crate) struct Openapi {}

impl Openapi {
    /// Runs the command.
    pub(crate) fn run(self) -> Result<()> {
        say::step(&format!("Writing {JSON}"));
        cargo::write_by_test(TEST, WRITE)?;
        say::step(&format!("Writing {HTML}"));
        fs::write(root().join(HTML), page()?).with_context(|| format!("cannot write {HTML}"))
    }
}

/// The page of the published description.
fn page() -> Result<String> {
    let text = fs::read(root().join(JSON)).with_context(|| format!("cannot read {JSON}"))?;
    let document = serde_json::from_slice(&text).with_context(|| format!("{JSON} is not JSON"))?;
    Ok(page::html(&document))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_published_page_matches_the_description() {
        let published = fs::read_to_string(root().join(HTML)).expect("a page");
        assert!(
            published == page().expect("a page"),
            "{HTML} does not match {JSON}: run `cargo xtask openapi` to regenerate it"
        );
    }

    #[test]
    fn the_page_begins_with_what_most_readers_need() {
        let page = page().expect("a page");
        let place = |text: &str| page.find(text).unwrap_or_else(|| panic!("no {text}"));
        let order = [
            "<summary>Contents",
            "<section id=\"start\"",
            "<section id=\"access\"",
            "<section id=\"uploadImage\"",
            "<section id=\"getLimits\"",
            "<section id=\"isLive\"",
            "<section id=\"sweep\"",
            "<section id=\"Image\"",
        ];
        assert!(order.map(place).is_sorted());
        for example in [
            "curl -F file=@cat.jpg",
            "--data-binary @cat.jpg",
            "$UPLOAD_URL",
        ] {
            place(example);
        }
    }

    #[test]
    fn every_link_within_the_page_has_its_target() {
        let page = page().expect("a page");
        for (at, mark) in page.match_indices("href=\"#") {
            let rest = &page[at + mark.len()..];
            let name = rest.split('"').next().expect("a name");
            let anchor = format!("id=\"{name}\"");
            assert_eq!(page.matches(&anchor).count(), 1, "{name}");
        }
        assert!(
            page.matches("<script>").count() == 1
                && !page.contains("style=")
                && !page.contains("http-equiv")
        );
    }
}
