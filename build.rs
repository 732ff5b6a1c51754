//! Compresses the files that are embedded in the component (`src/http/reply/asset.rs`).

#![forbid(unsafe_code)]

use std::io::Write as _;
use std::path::Path;
use std::{env, fs, io};

use flate2::{Compression, GzBuilder};

const FILES: [&str; 2] = ["openapi.json", "openapi.html"];

fn main() -> io::Result<()> {
    let out = env::var_os("OUT_DIR").ok_or(io::ErrorKind::NotFound)?;
    println!("cargo::rerun-if-changed=build.rs");
    for name in FILES {
        let source = Path::new("docs").join(name);
        println!("cargo::rerun-if-changed={}", source.display());
        let target = fs::File::create(Path::new(&out).join(format!("{name}.gz")))?;
        // Without a name and a time, so that the same file always yields the same bytes.
        let mut gzip = GzBuilder::new().write(target, Compression::best());
        gzip.write_all(&fs::read(source)?)?;
        gzip.finish()?;
    }
    Ok(())
}
