//! Compresses the files that are embedded in the component (`src/http/reply/asset.rs`).

#![forbid(unsafe_code)]

#[path = "build/page.rs"]
mod page;

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

use flate2::{Compression, GzBuilder};
use sha2::{Digest as _, Sha256};

const FILES: [&str; 2] = ["openapi.json", "openapi.html"];

fn main() -> io::Result<()> {
    let out = env::var_os("OUT_DIR").ok_or(io::ErrorKind::NotFound)?;
    let out = PathBuf::from(out);
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=build");
    for name in FILES {
        let source = Path::new("docs").join(name);
        println!("cargo::rerun-if-changed={}", source.display());
        compress(&out, name, &fs::read(source)?)?;
    }
    make_page(&out)
}

/// Makes the files of the page. Their folder is named after what is in them, so that browsers may
/// keep them for ever.
fn make_page(out: &Path) -> io::Result<()> {
    println!("cargo::rerun-if-changed=web");
    let page = page::Page::read(Path::new("web"))?;
    let files = [
        ("page.js", &page.script),
        ("page.css", &page.style),
        ("icon.svg", &page.icon),
    ];
    let mut hash = Sha256::new();
    for (name, text) in files {
        hash.update(text.len().to_be_bytes());
        hash.update(text);
        compress(out, name, text.as_bytes())?;
    }
    let hash: String = hash
        .finalize()
        .iter()
        .take(8)
        .map(|byte| format!("{byte:02x}"))
        .collect();
    println!("cargo::rustc-env=PAGE_HASH={hash}");
    let html = page.html.replace("{page}", &format!("page/{hash}"));
    compress(out, "page.html", html.as_bytes())
}

fn compress(out: &Path, name: &str, text: &[u8]) -> io::Result<()> {
    let target = fs::File::create(out.join(format!("{name}.gz")))?;
    // Without a name and a time, so that the same file always yields the same bytes.
    let mut gzip = GzBuilder::new().write(target, Compression::best());
    gzip.write_all(text)?;
    gzip.finish()?;
    Ok(())
}
