//! The application: embedded in this program, or in files.

use std::path::Path;

use anyhow::{Result, ensure};
use darkroom_host::app::Application;

/// The manifest of the embedded application.
const MANIFEST: &str = include_str!("../../spin.toml");
/// The embedded component; empty in a build without the feature `embed`.
const COMPONENT: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/darkroom.wasm"));

/// The application that `manifest` describes, or without one the embedded application.
pub(crate) fn application(manifest: Option<&Path>) -> Result<Application> {
    if let Some(path) = manifest {
        return Ok(Application::File(path.to_owned()));
    }
    ensure!(
        !COMPONENT.is_empty(),
        "this program was built without an embedded component (the feature `embed`); pass the \
         manifest of a component that is built: --from spin.toml"
    );
    Ok(Application::Embedded {
        manifest: MANIFEST,
        components: &[("darkroom", COMPONENT)],
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_build_without_the_component_asks_for_a_manifest() {
        assert!(application(Some(Path::new("spin.toml"))).is_ok());
        let inside = application(None);
        assert_eq!(inside.is_ok(), cfg!(feature = "embed"));
        if let Err(error) = inside {
            assert!(error.to_string().contains("--from"), "{error}");
        }
    }
}
