//! Runs every check on its seeds and on damaged seeds, without a fuzzer. Each check runs
//! for `DARKROOM_SMOKE_SECONDS`. The damage is the same each time, so that a failure can be
//! reproduced; `DARKROOM_SMOKE_SEED` (a number) changes it. `DARKROOM_SMOKE_CORPUS` may name
//! a folder with more seeds.

mod damage;
mod under_way;

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use std::{env, fs};

use proptest::prelude::*;
use proptest::sample::Index;
use proptest::test_runner::{Config, RngAlgorithm, TestError, TestRng, TestRunner};

use super::{TARGETS, Target};
use damage::{Damage, apply, damage};
use under_way::UnderWay;

/// The targets of pixels, which are no part of this component, and run in WebAssembly alone.
#[cfg(target_family = "wasm")]
const OF_PIXELS: [Target; 3] = [
    Target {
        name: "pixels_decode",
        check: darkroom_pixels::decode::fuzz::any,
    },
    Target {
        name: "pixels_jpeg",
        check: |bytes| {
            darkroom_pixels::decode::fuzz::jpeg(bytes);
        },
    },
    Target {
        name: "pixels_render",
        check: |bytes| {
            darkroom_pixels::render::fuzz::any(bytes);
        },
    },
];
#[cfg(not(target_family = "wasm"))]
const OF_PIXELS: [Target; 0] = [];
/// Those whose seeds are files of images.
const OF_FILES: [&str; 4] = ["media", "strip", "pixels_decode", "pixels_render"];
/// How many seconds damaged seeds are tried, unless set otherwise.
const SECONDS: u64 = 1;
/// How many damaged seeds are tried between looks at the clock.
const BATCH: u32 = 20;

fn targets() -> impl Iterator<Item = &'static Target> {
    TARGETS.iter().chain(&OF_PIXELS)
}

fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The files in a folder, in order of name, without its folders.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder);
    let entries = entries.unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut files: Vec<_> = entries
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| !path.is_dir())
        .collect();
    files.sort();
    files
}

fn seeds(target: &Target) -> Vec<Vec<u8>> {
    let mut paths = files(&repository().join("fuzz/seeds").join(target.name));
    if OF_FILES.contains(&target.name) {
        paths.extend(files(&repository().join("tests/fixtures")));
    }
    if let Some(corpus) = env::var_os("DARKROOM_SMOKE_CORPUS") {
        paths.extend(files(&repository().join(corpus)));
    }
    let read = |path: PathBuf| fs::read(&path).expect("a seed");
    paths.into_iter().map(read).collect()
}

/// Checks the seeds, then damaged seeds until the time is up. An input that breaks a promise
/// is made as small as possible and written to a file.
fn smoke(name: &str) {
    let target = targets().find(|target| target.name == name);
    let target = target.expect("a target");
    let seeds = seeds(target);
    // A panic that ends the program leaves no other trace of the input.
    let under_way = cfg!(panic = "abort").then(|| UnderWay::at(kept(&format!("{name}.under-way"))));
    let check = |bytes: &[u8]| {
        if let Some(under_way) = &under_way {
            under_way.note(bytes);
        }
        (target.check)(bytes);
    };
    seeds.iter().for_each(|seed| check(seed));
    let number = |name| {
        env::var(name)
            .ok()
            .and_then(|text| text.parse::<u64>().ok())
    };
    let seconds = number("DARKROOM_SMOKE_SECONDS").unwrap_or(SECONDS);
    let start = number("DARKROOM_SMOKE_SEED").unwrap_or_default();
    let end = Instant::now() + Duration::from_secs(seconds);
    let damages = (any::<Index>(), prop::collection::vec(damage(), 1..6));
    let made = |(seed, damages): &(Index, Vec<Damage>)| {
        let mut bytes = seed.get(&seeds).clone();
        damages
            .iter()
            .for_each(|damage| apply(&mut bytes, damage, &seeds));
        bytes
    };
    let mut count = 0;
    while Instant::now() < end {
        let config = Config {
            cases: BATCH,
            failure_persistence: None,
            ..Config::default()
        };
        let mut runner = TestRunner::new_with_rng(config, random(start, count));
        let outcome = runner.run(&damages, |damages| {
            check(&made(&damages));
            Ok(())
        });
        match outcome {
            Ok(()) => count += BATCH,
            Err(TestError::Fail(reason, least)) => broken(name, &reason.to_string(), &made(&least)),
            Err(TestError::Abort(reason)) => panic!("{reason}"),
        }
    }
    if let Some(under_way) = under_way {
        under_way.end();
    }
    // Written to standard error, so that it is seen whether the test passes or not.
    let summary = format!(
        "{name}: {} seeds, {count} damaged ones in {seconds} s\n",
        seeds.len()
    );
    let _ = std::io::stderr().write_all(summary.as_bytes());
}

/// A random number generator that is seeded by these numbers.
fn random(start: u64, count: u32) -> TestRng {
    let mut seed = [0; 32];
    let numbers = [start.to_le_bytes(), u64::from(count).to_le_bytes()];
    seed[..16].copy_from_slice(numbers.as_flattened());
    TestRng::from_seed(RngAlgorithm::ChaCha, &seed)
}

/// The path of a file for an input, whose folder exists.
fn kept(name: &str) -> PathBuf {
    let folder = repository().join("target/smoke");
    fs::create_dir_all(&folder).expect("a folder");
    folder.join(name)
}

fn broken(name: &str, reason: &str, bytes: &[u8]) -> ! {
    let file = kept(name);
    fs::write(&file, bytes).expect("written");
    panic!("{reason}; the input is in {}", file.display());
}

macro_rules! smoke {
    ($($(#[$attribute:meta])? $name:ident),* $(,)?) => {
        const TRIED: &[&str] = &[$($(#[$attribute])? stringify!($name)),*];
        $(
            $(#[$attribute])?
            #[test]
            fn $name() {
                smoke(stringify!($name));
            }
        )*
    };
}

smoke!(
    media,
    strip,
    multipart,
    token,
    signed_url,
    preconditions,
    cursor,
    json,
    upload,
    uploads,
    #[cfg(target_family = "wasm")]
    pixels_decode,
    #[cfg(target_family = "wasm")]
    pixels_jpeg,
    #[cfg(target_family = "wasm")]
    pixels_render,
);

#[test]
fn every_target_has_a_fuzzer_seeds_and_a_smoke_test() {
    let names: Vec<&str> = targets().map(|target| target.name).collect();
    assert_eq!(names, TRIED);
    let stem = |path: &PathBuf| {
        path.file_stem()
            .expect("a name")
            .to_string_lossy()
            .into_owned()
    };
    let mut fuzzed: Vec<_> = files(&repository().join("fuzz/fuzz_targets"))
        .iter()
        .map(stem)
        .collect();
    let seeds = fs::read_dir(repository().join("fuzz/seeds")).expect("a folder");
    let seeds = seeds.map(|entry| entry.expect("an entry").path());
    let mut seeded: Vec<_> = seeds.map(|path| stem(&path)).collect();
    let mut names: Vec<String> = names.into_iter().map(str::to_owned).collect();
    for list in [&mut names, &mut fuzzed, &mut seeded] {
        list.retain(|name| cfg!(target_family = "wasm") || !name.starts_with("pixels_"));
        list.sort();
    }
    assert_eq!(fuzzed, names);
    assert_eq!(seeded, names);
}
