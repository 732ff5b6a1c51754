//! An operator's requests to a server.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::Client;

impl Client {
    /// Audits page by page, and returns all pages as one.
    pub(crate) async fn audit(&self, request: &Value) -> Value {
        let mut body = request.clone();
        let mut all =
            json!({"images": 0, "blobs": 0, "dead": 0, "uploads": 0, "bytes": 0, "findings": []});
        loop {
            let mut page = self.admin("/v1/admin/audit", &body).await;
            for name in ["images", "blobs", "dead", "uploads", "bytes"] {
                let sum = all[name].as_u64().zip(page[name].as_u64());
                let (a, b) = sum.unwrap_or_else(|| panic!("no number {name}: {page}"));
                all[name] = json!(a + b);
            }
            let findings = all["findings"].as_array_mut().expect("a list");
            findings.append(page["findings"].as_array_mut().expect("a list"));
            body["cursor"] = page["next_cursor"].take();
            if body["cursor"].is_null() {
                return all;
            }
        }
    }

    /// Sweeps until nothing is left to do.
    pub(crate) async fn sweep(&self) {
        while self.admin("/v1/admin/sweep", &json!({})).await["more"] == true {}
    }

    /// A request that must succeed.
    pub(crate) async fn admin(&self, path: &str, body: &Value) -> Value {
        let response = self.json(Method::POST, path, body).await;
        let status = response.status();
        let text = response.text().await.expect("a body");
        assert_eq!(status, StatusCode::OK, "{path}: {text}");
        serde_json::from_str(&text).expect("JSON")
    }
}
