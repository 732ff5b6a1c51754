//! Single derivations from a source in memory: the processor time beside that of sharp with one
//! thread, and the memory of an instance.

use std::process::Command;

use anyhow::Result;
use serde_json::{Value, json};

use super::files::PHOTO;
use super::peer::{Peer, Sample};
use super::table::{Bound, Row, Unit};
use super::{Setup, median};
use crate::{end_with, say};

/// A derivation that sharp makes too.
struct Case {
    name: &'static str,
    picture: &'static str,
    /// The transform.
    ours: &'static str,
    /// The same for sharp: a size and a format, with options of that format.
    theirs: fn() -> Value,
    /// Whether sharp has the quality at which its result is as similar to the original.
    at_equal_similarity: bool,
    /// The most that ours may take, as a share of what sharp takes.
    bound: Option<f64>,
}

fn jpeg(width: u32) -> Value {
    json!({"width": width, "format": "jpeg", "quality": 80})
}

fn webp() -> Value {
    json!({"width": 300, "format": "webp", "quality": 80})
}

const JPEG: &str = "w=300&format=jpeg";
const WEBP: &str = "w=300&format=webp";

const CASES: &[Case] = &[
    Case::jpeg("12 MP JPEG → 300 px JPEG", "12mp.jpg", 1.0),
    Case::jpeg(
        "12 MP progressive JPEG → 300 px JPEG",
        "12mp-progressive.jpg",
        0.3,
    ),
    Case::jpeg("1 MP JPEG → 300 px JPEG", "1mp.jpg", 0.8),
    Case {
        bound: None,
        ..Case::jpeg("3 MP photo, JPEG → 300 px JPEG", PHOTO, 1.0)
    },
    Case {
        ours: "w=800&format=jpeg",
        theirs: || jpeg(800),
        ..Case::jpeg("12 MP JPEG → 800 px JPEG", "12mp.jpg", 1.3)
    },
    Case::webp("12 MP JPEG → 300 px WebP, equal SSIM", "12mp.jpg"),
    Case::webp("1 MP JPEG → 300 px WebP, equal SSIM", "1mp.jpg"),
    Case {
        bound: None,
        ..Case::webp("3 MP photo, JPEG → 300 px WebP, equal SSIM", PHOTO)
    },
    Case {
        ours: "w=300&format=png&q=100",
        theirs: || json!({"width": 300, "format": "png", "palette": true}),
        ..Case::jpeg("1 MP JPEG → 300 px PNG with a palette", "1mp.jpg", 0.5)
    },
    Case {
        ours: "w=300&format=gif",
        theirs: || json!({"width": 300, "format": "gif"}),
        ..Case::jpeg("1 MP JPEG → 300 px GIF", "1mp.jpg", 0.5)
    },
    Case {
        ours: "w=800&format=avif",
        theirs: || json!({"width": 800, "format": "avif"}),
        ..Case::jpeg("12 MP JPEG → 800 × 600 AVIF", "12mp.jpg", 0.6)
    },
    Case {
        bound: None,
        ..Case::jpeg("12 MP PNG → 300 px JPEG", "12mp.png", 1.0)
    },
];

impl Case {
    const fn jpeg(name: &'static str, picture: &'static str, bound: f64) -> Self {
        Self {
            name,
            picture,
            ours: JPEG,
            theirs: || jpeg(300),
            at_equal_similarity: false,
            bound: Some(bound),
        }
    }

    const fn webp(name: &'static str, picture: &'static str) -> Self {
        Self {
            ours: WEBP,
            theirs: webp,
            at_equal_similarity: true,
            ..Self::jpeg(name, picture, 2.2)
        }
    }
}

/// Derivations whose memory is measured, with the most of it in MiB.
const MEMORY: &[(&str, &str, f64)] = &[
    ("12 MP JPEG → 300 px", "12mp.jpg", 16.0),
    (
        "12 MP progressive JPEG → 300 px",
        "12mp-progressive.jpg",
        16.0,
    ),
    ("50 MP JPEG → 300 px", "50mp.jpg", 48.0),
    (
        "50 MP progressive JPEG → 300 px",
        "50mp-progressive.jpg",
        48.0,
    ),
    ("12 MP PNG → 300 px", "12mp.png", 32.0),
];

/// The processor time that a round takes at least, in milliseconds, and how many rounds there are.
const ROUND: f64 = 120.0;
const ROUNDS: usize = 5;
/// The same for derivations that take longer than [`ROUND`].
const SLOW_ROUNDS: usize = 3;

/// Measures all of it.
pub(super) fn measure(setup: &Setup<'_>) -> Result<Vec<Row>> {
    let mut rows = Vec::new();
    for case in CASES {
        say::step(&format!("Deriving {}", case.name));
        rows.push(compare(setup, case)?);
    }
    for (name, picture, bound) in MEMORY {
        let sample = Peer::start(&mut ours(setup, picture, JPEG))?.derive(1)?;
        #[expect(clippy::cast_precision_loss, reason = "far below 2^53")]
        let mebibytes = sample.memory as f64 / f64::from(1 << 20);
        let name = format!("memory, {name}");
        rows.push(Row::of(name, Unit::Mebibytes, mebibytes).bounded(Bound::AtMost(*bound)));
    }
    say::step("Starting instances");
    let mut starts = Peer::start(&mut runner(setup))?;
    starts.derive(10)?;
    let each: Result<Vec<f64>> = (0..ROUNDS)
        .map(|_| Ok(starts.derive(100)?.processor))
        .collect();
    let start = Row::of("start of an instance", Unit::Milliseconds, median(each?));
    rows.push(start.bounded(Bound::AtMost(1.0)));
    Ok(rows)
}

/// Derives alternately with both programs. The ratio is the median of those of the rounds.
fn compare(setup: &Setup<'_>, case: &Case) -> Result<Row> {
    let mut ours = Peer::start(&mut ours(setup, case.picture, case.ours))?;
    let once = ours.derive(1)?;
    let mut sharp = super::script(&setup.peers, "sharp.mjs")?;
    sharp
        .arg(setup.files.path(case.picture))
        .arg((case.theirs)().to_string())
        .arg(setup.directory.join("sharp"));
    if case.at_equal_similarity {
        sharp.arg(setup.directory.join("ours"));
    }
    let mut sharp = Peer::start(&mut sharp)?;
    let theirs = sharp.derive(1)?;
    let rounds = if once.processor.max(theirs.processor) > ROUND {
        SLOW_ROUNDS
    } else {
        ROUNDS
    };
    let mut samples = Vec::new();
    for _ in 0..rounds {
        samples.push((
            ours.derive(times(&once))?.processor,
            sharp.derive(times(&theirs))?.processor,
        ));
    }
    let middle = |pick: fn(&(f64, f64)) -> f64| median(samples.iter().map(pick).collect());
    let note = match theirs.quality.filter(|_| case.at_equal_similarity) {
        Some(quality) => format!("{} and {} bytes (q={quality})", once.bytes, theirs.bytes),
        None => format!("{} and {} bytes", once.bytes, theirs.bytes),
    };
    let row = Row::of(case.name, Unit::Milliseconds, middle(|(ours, _)| *ours))
        .beside(
            middle(|(_, theirs)| *theirs),
            middle(|(ours, theirs)| ours / theirs),
        )
        .noted(note);
    Ok(match case.bound {
        Some(bound) => row.bounded(Bound::AtMost(bound)),
        None => row,
    })
}

/// How many derivations a round has.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "between 1 and 100"
)]
fn times(sample: &Sample) -> u32 {
    (ROUND / sample.processor.max(0.1)).ceil().clamp(1.0, 100.0) as u32
}

/// The deriving component by itself.
fn runner(setup: &Setup<'_>) -> Command {
    let mut command = end_with::this_process(&setup.runner);
    command
        .arg(&setup.module)
        .arg(setup.directory.join("cache"));
    command
}

fn ours(setup: &Setup<'_>, picture: &str, transform: &str) -> Command {
    let mut command = runner(setup);
    command
        .arg(setup.files.path(picture))
        .arg(format!("/render?{transform}"))
        .arg(setup.directory.join("ours"));
    command
}
