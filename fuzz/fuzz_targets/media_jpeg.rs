//! Walking and stripping JPEG files.
#![no_main]

use darkroom::media::Kind;
use libfuzzer_sys::{Corpus, fuzz_target};

fuzz_target!(|bytes: &[u8]| -> Corpus { darkroom_fuzz::check_kind(Kind::Jpeg, bytes) });
