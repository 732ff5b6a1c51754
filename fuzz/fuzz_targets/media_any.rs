//! Telling kinds apart, walking containers and stripping metadata, of any bytes.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| darkroom_fuzz::check_any(bytes));
