//! Collections of images that third parties test decoders with, valid and broken ones: none ends an
//! instance, and each gets the expected answer. The files that Darkroom judges differently from
//! Pillow, a widely used decoder, are listed with the reason.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use futures_util::{StreamExt as _, stream};
use serde::Deserialize;

use crate::support::{Client, Darkroom, environment};

/// Pillow's judgement of a file (`tests/corpus/judge.py`).
#[derive(Debug, Deserialize)]
struct Judgement {
    path: String,
    kind: Option<String>,
    good: bool,
    why: Option<String>,
}

impl Judgement {
    fn verdict(&self) -> &'static str {
        match (&self.kind, self.good) {
            (Some(_), true) => "an image that decodes",
            (Some(_), false) => "an image that does not",
            (None, _) => "something else",
        }
    }
}

/// The page with the summary.
const DOCUMENT: &str = include_str!("../../../docs/hostile-input.md");

/// The files that Darkroom judges differently: a path, the status and the reason, separated by
/// tabs.
const EXCEPTIONS: &str = include_str!("../../corpus/exceptions.tsv");

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

/// The statuses that fit: an image of an accepted type that decodes is stored, a broken one is
/// refused as broken, and any other file as not an image.
fn fitting(judgement: &Judgement) -> &'static [u16] {
    match (&judgement.kind, judgement.good) {
        (Some(_), true) => &[201],
        (Some(_), false) => &[415, 422],
        // Broken so early that Pillow does not recognise its type.
        (None, _) => &[413, 415, 422],
    }
}

/// A file, and the answer to its upload.
struct Answer<'a> {
    judgement: &'a Judgement,
    status: u16,
    text: String,
    time: Duration,
}

impl Answer<'_> {
    /// Whether the answer is as expected.
    fn fits(&self, exceptions: &BTreeMap<&str, u16>) -> bool {
        let fitting = fitting(self.judgement).contains(&self.status);
        match exceptions.get(self.judgement.path.as_str()) {
            Some(expected) => self.status == *expected && !fitting,
            None => fitting,
        }
    }
}

impl fmt::Display for Answer<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Judgement {
            path,
            kind,
            good,
            why,
        } = self.judgement;
        let why = why.as_deref().unwrap_or_default();
        let (status, text, time) = (self.status, &self.text, self.time);
        write!(
            formatter,
            "{path}\t{status} in {time:?}\t{kind:?} {good} {why} / {text}"
        )
    }
}

async fn upload<'a>(client: &Client, folder: &Path, judgement: &'a Judgement) -> Answer<'a> {
    let bytes = fs::read(folder.join(&judgement.path)).expect("a file of the corpus");
    let start = Instant::now();
    let response = client.send(bytes).await;
    let status = response.status().as_u16();
    let text = response.text().await.expect("a body");
    Answer {
        judgement,
        status,
        text,
        time: start.elapsed(),
    }
}

/// Whether a file is judged within the time limit. If it was not, it is uploaded again, alone: a
/// busy machine is slow only once, but a file that is hard to judge is slow always.
async fn is_judged_in_time(client: &Client, folder: &Path, answer: &Answer<'_>) -> bool {
    const MOST: Duration = Duration::from_secs(1);
    let mut time = answer.time;
    for _ in 0..3 {
        if time <= MOST {
            return true;
        }
        time = upload(client, folder, answer.judgement).await.time;
    }
    time <= MOST
}

#[tokio::test]
async fn every_image_of_the_corpora_gets_the_expected_answer() {
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
    let answers: Vec<Answer<'_>> = stream::iter(&judged)
        .map(|judgement| upload(&alice, &corpus, judgement))
        .buffered(4)
        .collect()
        .await;
    let wrong: String = answers
        .iter()
        .filter(|answer| !answer.fits(&exceptions))
        .map(|answer| format!("{answer}\n"))
        .collect();
    assert!(wrong.is_empty(), "{wrong}");
    for answer in &answers {
        let in_time = is_judged_in_time(&alice, &corpus, answer).await;
        assert!(in_time, "{answer}");
    }
    for path in exceptions.keys() {
        let there = judged.iter().any(|judgement| judgement.path == *path);
        assert!(there, "{path} is not in the corpora");
    }
    let table = summary(&answers, &exceptions);
    assert!(
        DOCUMENT.contains(&table),
        "docs/hostile-input.md must contain this table:\n{table}"
    );
}

/// A table of how many files of each collection got each answer.
fn summary(answers: &[Answer<'_>], exceptions: &BTreeMap<&str, u16>) -> String {
    const STATUSES: [u16; 4] = [201, 413, 415, 422];
    let mut rows: BTreeMap<(&str, &str), [usize; STATUSES.len() + 2]> = BTreeMap::new();
    for answer in answers {
        let judgement = answer.judgement;
        let collection = judgement.path.split('/').next().unwrap_or_default();
        let row = rows.entry((collection, judgement.verdict())).or_default();
        row[0] += 1;
        if let Some(at) = STATUSES.iter().position(|status| *status == answer.status) {
            row[1 + at] += 1;
        }
        if exceptions.contains_key(judgement.path.as_str()) {
            row[1 + STATUSES.len()] += 1;
        }
    }
    let head = "| collection | to Pillow | files | 201 | 413 | 415 | 422 | listed |\n\
        | --- | --- | --- | --- | --- | --- | --- | --- |\n";
    let rows = rows.iter().map(|((collection, verdict), numbers)| {
        let numbers = numbers.map(|number| format!(" {number} |")).concat();
        format!("| {collection} | {verdict} |{numbers}\n")
    });
    rows.fold(head.to_owned(), |table, row| table + &row)
}
