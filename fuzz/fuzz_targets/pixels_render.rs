#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    darkroom_pixels::render::fuzz::any(bytes);
});
