//! Derived images, decoded by Pillow and compared with what Pillow and NumPy make of the same
//! source. Each test is a program in `tests/golden/`, which has the cases and the least likeness
//! that it accepts (PSNR and SSIM).

use std::path::Path;

use crate::support::{ALL_SCOPES, Darkroom, Program, peer, token, unique};

/// Runs a program with the address of a server, a token, and the folder of image collections.
fn judge(program: &str) {
    let python = Program::find("DARKROOM_TEST_PYTHON");
    let Some((python, corpus)) = python.zip(peer("DARKROOM_TEST_CORPUS")) else {
        return;
    };
    let darkroom = Darkroom::with()
        .variable("max_upload_bytes", 100 << 20)
        .start();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let program = folder.join(program).display().to_string();
    let token = token(&unique("alice"), ALL_SCOPES);
    let corpus = corpus.display().to_string();
    // Nothing is written beside the programs.
    python.succeed(&["-B", &program, darkroom.address(), &token, &corpus]);
}

#[test]
fn every_operation_in_every_format_looks_like_pillows() {
    judge("operations.py");
}

#[test]
fn every_kind_of_file_is_read_as_pillow_reads_it() {
    judge("inputs.py");
}

#[test]
fn animations_keep_their_frames_delays_rounds_and_transparency() {
    judge("animations.py");
}

#[test]
fn all_test_images_of_pillow_and_others_are_derived_or_listed() {
    judge("collection.py");
}
