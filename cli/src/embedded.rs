//! The application: embedded in this program, or in files.

use std::path::Path;

use anyhow::{Result, ensure};
use darkroom_host::app::Application;

/// The manifest of the embedded application.
const MANIFEST: &str = include_str!("../../spin.toml");
/// The embedded components; empty in a build without the feature `embed`.
const APPLICATION: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/darkroom.wasm"));
const DERIVING: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/darkroom_derive.wasm"));

/// The application that `manifest` describes, or without one the embedded application.
pub(crate) fn application(manifest: Option<&Path>) -> Result<Application> {
    if let Some(path) = manifest {
        return Ok(Application::File(path.to_owned()));
    }
    ensure!(
        !APPLICATION.is_empty(),
        "this program was built without embedded components (the feature `embed`); pass the \
         manifest of components that are built: --from spin.toml"
    );
    Ok(Application::Embedded {
        manifest: MANIFEST,
        components: &[("darkroom", APPLICATION), ("derive", DERIVING)],
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_build_without_components_asks_for_a_manifest() {
        assert!(application(Some(Path::new("spin.toml"))).is_ok());
        let inside = application(None);
        assert_eq!(inside.is_ok(), cfg!(feature = "embed"));
        if let Err(error) = inside {
            assert!(error.to_string().contains("--from"), "{error}");
        }
    }
}
