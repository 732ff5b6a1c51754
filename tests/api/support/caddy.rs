//! Caddy in front of a server, as a proxy.

use std::fs;
use std::process::Command;

use super::peer::{Peer, on_a_free_port};
use super::{Darkroom, environment};

/// The documented configuration.
const RECIPE: &str = include_str!("../../recipes/Caddyfile");

/// A proxy. Dropping it ends it.
pub(crate) struct Caddy {
    address: String,
    _peer: Peer,
    _folder: tempfile::TempDir,
}

impl Caddy {
    /// Starts Caddy in front of a server, with the documented configuration. Returns none if
    /// `cargo xtask test` found no Caddy, which it reports as skipped.
    pub(crate) fn before(darkroom: &Darkroom) -> Option<Self> {
        let program = environment::peer("DARKROOM_TEST_CADDY")?;
        let folder = tempfile::tempdir().expect("a temporary directory");
        let server = darkroom.address().trim_start_matches("http://");
        let (port, peer) = on_a_free_port(|port| {
            let recipe = RECIPE.replace("127.0.0.1:3000", server);
            let site = format!("http://127.0.0.1:{port}");
            let recipe = recipe.replace("images.example.com", &site);
            // No port of its own for administration.
            let recipe = format!("{{\n\tadmin off\n}}\n{recipe}");
            fs::write(folder.path().join("Caddyfile"), recipe).expect("is written");
            let mut command = Command::new(&program);
            command.args(["run", "--config", "Caddyfile", "--adapter", "caddyfile"]);
            command.env("HOME", folder.path());
            Peer::start(command, port, folder.path())
        });
        Some(Self {
            address: format!("http://127.0.0.1:{port}"),
            _peer: peer,
            _folder: folder,
        })
    }

    /// Its URL: `http://127.0.0.1:1234`.
    pub(crate) fn address(&self) -> &str {
        &self.address
    }
}
