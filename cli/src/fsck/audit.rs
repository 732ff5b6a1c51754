//! Runs the server's audit, page by page.

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

use super::Repairs;
use crate::http;

/// A server, with a token that allows auditing it.
pub(super) struct Server {
    url: String,
    token: String,
}

impl Server {
    /// The server at `url`.
    pub(super) fn new(url: &str, token: &str) -> Self {
        Self {
            url: url.to_owned(),
            token: token.to_owned(),
        }
    }

    fn post(&self, path: &str, body: &Value) -> Result<Value> {
        let url = format!("{}{path}", self.url);
        let (status, answer) = http::post(&url, &self.token, body)?;
        ensure!(status == 200, "{url} answered {status}: {}", answer.trim());
        serde_json::from_str(&answer)
            .with_context(|| format!("the response from {url} is not JSON"))
    }
}

/// Audits everything and prints the findings, and sweeps if repairs are requested. Returns how
/// many findings are not repaired.
pub(super) fn run(server: &Server, wanted: Repairs) -> Result<u64> {
    let mut totals = Totals::default();
    let mut body = json!({
        "limit": 100,
        "repair": wanted.repair,
        "remove_damaged": wanted.remove_damaged,
    });
    loop {
        let page = server.post("/v1/admin/audit", &body)?;
        totals.add(&page)?;
        match &page["next_cursor"] {
            Value::Null => break,
            cursor => body["cursor"] = cursor.clone(),
        }
    }
    println!("{}", totals.line());
    if wanted.repair {
        sweep(server)?;
    }
    Ok(totals.wrong)
}

fn sweep(server: &Server) -> Result<()> {
    let (mut blobs, mut leases) = (0, 0);
    loop {
        let swept = server.post("/v1/admin/sweep", &json!({}))?;
        blobs += number(&swept, "blobs")?;
        leases += number(&swept, "leases")?;
        if swept["more"] != true {
            break;
        }
    }
    println!("swept: {blobs} blobs, {leases} leases");
    Ok(())
}

fn number(answer: &Value, name: &str) -> Result<u64> {
    answer[name]
        .as_u64()
        .with_context(|| format!("the response has no number {name}: {answer}"))
}

/// The sum of all pages.
#[derive(Debug, Default)]
struct Totals {
    images: u64,
    blobs: u64,
    dead: u64,
    uploads: u64,
    bytes: u64,
    wrong: u64,
    repaired: u64,
}

impl Totals {
    fn add(&mut self, page: &Value) -> Result<()> {
        self.images += number(page, "images")?;
        self.blobs += number(page, "blobs")?;
        self.dead += number(page, "dead")?;
        self.uploads += number(page, "uploads")?;
        self.bytes += number(page, "bytes")?;
        let findings = page["findings"].as_array();
        for finding in findings.context("the response has no findings")? {
            println!("{}", described(finding));
            if finding["repaired"] == true {
                self.repaired += 1;
            } else {
                self.wrong += 1;
            }
        }
        Ok(())
    }

    fn line(&self) -> String {
        let Self {
            images,
            blobs,
            dead,
            uploads,
            bytes,
            wrong,
            repaired,
        } = self;
        format!(
            "audited: {images} images, {blobs} blobs ({dead} of them awaiting the sweep), \
             {uploads} open uploads, {bytes} bytes read; repaired: {repaired}; wrong: {wrong}"
        )
    }
}

/// A finding as a line: the fault, the records that it concerns, and the remedy.
fn described(finding: &Value) -> String {
    let text = |name: &str| finding[name].as_str().unwrap_or_default().to_owned();
    let mut line = text("fault");
    if finding["blob"].is_string() {
        line.push_str(&format!(" blob {}", text("blob")));
    }
    let images = finding["images"].as_array().into_iter().flatten();
    let images: Vec<&str> = images.filter_map(Value::as_str).collect();
    if !images.is_empty() {
        line.push_str(&format!(" image {}", images.join(", ")));
    }
    line.push_str(&format!(": {}", text("detail")));
    let hint = match (finding["repaired"] == true, finding["remedy"].as_str()) {
        (true, Some("remove")) => " — removed",
        (true, _) => " — repaired",
        (false, Some("remove")) => " — --repair --remove-damaged deletes it",
        (false, Some(_)) => " — --repair fixes it",
        (false, None) => " — cannot be repaired",
    };
    line + hint
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_finding_names_its_remedy() {
        let check = |finding: Value, expected: &str| assert_eq!(described(&finding), expected);
        check(
            json!({"fault": "wrong_count", "blob": "b.1", "images": [], "detail": "2, not 1",
                "remedy": "recount", "repaired": false}),
            "wrong_count blob b.1: 2, not 1 — --repair fixes it",
        );
        check(
            json!({"fault": "damaged_bytes", "blob": "b.1", "images": ["i", "j"], "detail": "gone",
                "remedy": "remove", "repaired": true}),
            "damaged_bytes blob b.1 image i, j: gone — removed",
        );
        check(
            json!({"fault": "unreadable_image", "blob": null, "images": ["i"], "detail": "x",
                "remedy": null, "repaired": false}),
            "unreadable_image image i: x — cannot be repaired",
        );
    }
}
