#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| darkroom::fuzz::signed_url(bytes));
