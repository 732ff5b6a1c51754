//! Walking and stripping PNG files. CRCs are made right first: without that hardly
//! any change of a fuzzer would get past them.
#![no_main]

use darkroom::media::Kind;
use darkroom::media::testing::promises;
use libfuzzer_sys::{Corpus, fuzz_target};

fuzz_target!(|bytes: &[u8]| -> Corpus {
    let mut bytes = bytes.to_vec();
    promises::mend_png(&mut bytes);
    darkroom_fuzz::check_kind(Kind::Png, &bytes)
});
