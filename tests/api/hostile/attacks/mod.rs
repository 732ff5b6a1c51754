//! Attacks: attempts to get access without permission. Each case is named after what it tries. A
//! test runs all of its cases, and reports every one that got further than it should.

mod authorization;
mod claims;
mod cors;
mod forgery;
mod grants;
mod headers;
mod link_uses;
mod links;
mod owners;
mod paths;
mod proxy;
mod purposes;
mod rotation;
mod settings;
mod sharing;
mod signatures;
mod tickets;

use std::fmt::Display;

use reqwest::Response;
use reqwest::header::HeaderMap;
use serde_json::Value;

/// An answer, read to its end.
#[derive(Clone, Debug)]
struct Answer {
    status: u16,
    headers: HeaderMap,
    text: String,
}

impl Answer {
    async fn read(response: Response) -> Self {
        Self {
            status: response.status().as_u16(),
            headers: response.headers().clone(),
            text: response.text().await.unwrap_or_default(),
        }
    }

    /// The last part of the problem's type, or nothing if the answer is not a problem.
    fn slug(&self) -> String {
        let members: Value = serde_json::from_str(&self.text).unwrap_or_default();
        let name = members["type"].as_str().unwrap_or_default();
        name.trim_start_matches("/problems/").to_owned()
    }

    fn header(&self, name: &str) -> &str {
        let value = self.headers.get(name);
        value
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    }

    /// Everything that must not depend on the owner of an image: all but the request's own id and
    /// the time.
    fn comparable(&self) -> (u16, Vec<(String, String)>, &str) {
        let mut headers: Vec<_> = self
            .headers
            .iter()
            .filter(|(name, _)| !["x-request-id", "date"].contains(&name.as_str()))
            .map(|(name, value)| (name.to_string(), format!("{value:?}")))
            .collect();
        headers.sort();
        (self.status, headers, &self.text)
    }
}

/// The cases of a test.
#[derive(Debug, Default)]
struct Cases {
    wrong: Vec<String>,
}

impl Cases {
    /// Records a case, whether it ended as expected, and what was seen.
    fn hold(&mut self, case: impl Display, holds: bool, seen: impl Display) {
        if !holds {
            let seen: String = seen.to_string().chars().take(300).collect();
            self.wrong.push(format!("{case}: {}", seen.escape_debug()));
        }
    }

    /// Records a case that must be answered with this problem.
    fn refused(&mut self, case: impl Display, answer: &Answer, status: u16, slug: &str) {
        let holds = answer.status == status && answer.slug() == slug;
        self.hold(case, holds, format!("{} {}", answer.status, answer.text));
    }

    /// Records a case that must be answered with one of these statuses.
    fn status(&mut self, case: impl Display, answer: &Answer, statuses: &[u16]) {
        let holds = statuses.contains(&answer.status);
        self.hold(case, holds, format!("{} {}", answer.status, answer.text));
    }

    #[track_caller]
    fn end(self) {
        let wrong = self.wrong.join("\n");
        assert!(wrong.is_empty(), "{} cases:\n{wrong}", self.wrong.len());
    }
}

/// Texts in which one byte is changed into another letter, or into a character that has a meaning
/// in a URL.
fn mutations(text: &str) -> impl Iterator<Item = (usize, String)> {
    let with = |at: usize, new: char| {
        let mut changed = text.to_owned();
        changed.replace_range(at..=at, new.encode_utf8(&mut [0; 4]));
        (at, changed)
    };
    (0..text.len()).flat_map(move |at| {
        let old = text.as_bytes()[at];
        let other = if old == b'A' { 'B' } else { 'A' };
        // A change of the lowest bit, which has no meaning in the last character of a signature.
        let near = match char::from(old ^ 1) {
            near if near.is_ascii_alphanumeric() => near,
            _ => '-',
        };
        let near = if char::from(old) == near { '_' } else { near };
        [with(at, other), with(at, near)]
    })
}
