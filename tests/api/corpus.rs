//! Images that others collected to try decoders with, good and bad: none ends an
//! instance, each has the answer that it should have, and what we judge otherwise
//! than a decoder that many trust is listed with the reason.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Command;

use futures_util::{StreamExt as _, stream};
use serde::Deserialize;

use crate::support::{Client, Darkroom, environment};

/// What Pillow makes of a file (`tests/corpus/judge.py`).
#[derive(Debug, Deserialize)]
struct Judgement {
    path: String,
    kind: Option<String>,
    good: bool,
    why: Option<String>,
}

/// Where we judge otherwise: a path, the status, and why, separated by tabs.
const EXCEPTIONS: &str = include_str!("../corpus/exceptions.tsv");

fn exceptions() -> BTreeMap<&'static str, u16> {
    let lines = EXCEPTIONS
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'));
    let parsed = lines.map(|line| {
        let mut fields = line.split('\t');
        let path = fields.next().expect("a path");
        let status = fields.next().and_then(|text| text.parse().ok());
        assert!(fields.next().is_some_and(|why| why.len() > 5), "{line}");
        (path, status.expect("a status"))
    });
    parsed.collect()
}

fn judgements(python: &Path, corpus: &Path) -> Vec<Judgement> {
    let judge = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/corpus/judge.py");
    let output = Command::new(python).arg(judge).arg(corpus).output();
    let output = output.expect("the judge runs");
    assert!(output.status.success(), "{output:?}");
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    text.lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect()
}

/// The statuses that fit: an image of ours that decodes is taken, a broken one is
/// refused as broken, anything else as no image.
fn fitting(judgement: &Judgement) -> &'static [u16] {
    match (&judgement.kind, judgement.good) {
        (Some(_), true) => &[201],
        (Some(_), false) => &[415, 422],
        // Broken so early that Pillow does not know what it was to be.
        (None, _) => &[413, 415, 422],
    }
}

async fn upload(client: &Client, file: &Path) -> (u16, String) {
    let bytes = fs::read(file).expect("a file of the corpus");
    let response = client.send(bytes).await;
    let status = response.status().as_u16();
    (status, response.text().await.expect("a body"))
}

#[tokio::test]
async fn every_image_of_the_corpora_has_the_answer_it_should_have() {
    let python = environment::peer("DARKROOM_TEST_PYTHON");
    let Some((python, corpus)) = python.zip(environment::peer("DARKROOM_TEST_CORPUS")) else {
        return;
    };
    let darkroom = Darkroom::with()
        .variable("max_upload_bytes", 100 << 20)
        .start();
    let alice = darkroom.client("alice");
    let judged = judgements(&python, &corpus);
    assert!(judged.len() > 1000, "{} files", judged.len());
    let exceptions = exceptions();
    let (client, folder) = (&alice, &corpus);
    let answers: Vec<_> = stream::iter(&judged)
        .map(|judgement| async move {
            let (status, text) = upload(client, &folder.join(&judgement.path)).await;
            (judgement, status, text)
        })
        .buffered(4)
        .collect()
        .await;
    let mut wrong = String::new();
    for (judgement, status, text) in &answers {
        let fits = match exceptions.get(judgement.path.as_str()) {
            Some(expected) => status == expected && !fitting(judgement).contains(status),
            None => fitting(judgement).contains(status),
        };
        if !fits {
            let why = judgement.why.as_deref().unwrap_or_default();
            let _ = writeln!(
                wrong,
                "{}\t{status}\t{:?} {} {why} / {text}",
                judgement.path, judgement.kind, judgement.good
            );
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
    for path in exceptions.keys() {
        let there = judged.iter().any(|judgement| judgement.path == *path);
        assert!(there, "{path} is not in the corpora");
    }
}
