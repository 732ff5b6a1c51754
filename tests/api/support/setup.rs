//! The setup of a server, and the files from which a host reads it.

use std::fs;
use std::path::{Path, PathBuf};

use super::{Darkroom, Redis, environment};

/// The application manifest.
pub(super) const MANIFEST: &str = "spin.toml";
/// The runtime configuration.
pub(crate) const CONFIG: &str = "runtime-config.toml";
/// The file of the catalog.
pub(super) const CATALOG: &str = "catalog.db";
/// The file of the blob store.
pub(super) const BLOBS: &str = "blobs.db";

/// The setup of a server.
#[derive(Default)]
pub(crate) struct Setup {
    pub(super) variables: Vec<(String, String)>,
    pub(super) flags: Vec<String>,
    pub(super) redis: Option<Redis>,
    redis_url: Option<String>,
    pub(super) may_fail: bool,
    stores: Option<PathBuf>,
    components: Option<PathBuf>,
    conformance: bool,
    reaching_nothing: bool,
    without_sqlite: bool,
    with_guests: bool,
    pub(super) disk: Disk,
    pub(super) clock: i32,
}

/// The disk for the stores' files.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Disk {
    /// The machine's own disk.
    #[default]
    Own,
    /// The same, in a process that survives writes beyond its file size limit.
    Limited,
    /// A file system of this many megabytes, which only the host sees.
    Small(u32),
}

/// The mount point of a small disk.
pub(super) const DISK: &str = "disk";

impl Setup {
    /// Sets a variable of `spin.toml`.
    pub(crate) fn variable(mut self, name: &str, value: impl ToString) -> Self {
        self.variables.push((name.to_owned(), value.to_string()));
        self
    }

    /// Starts the host with a flag.
    pub(crate) fn flag(mut self, flag: &str) -> Self {
        self.flags.push(flag.to_owned());
        self
    }

    /// Limits the memory of an instance, in bytes.
    pub(crate) fn instance_memory(self, bytes: u64) -> Self {
        self.flag(&format!("--max-instance-memory={bytes}"))
    }

    /// Keeps blobs in this Redis server.
    pub(crate) fn blobs_in(mut self, redis: Redis) -> Self {
        self.redis_url = Some(redis.url());
        self.redis = Some(redis);
        self
    }

    /// Keeps blobs in the Redis server at this URL.
    pub(crate) fn blobs_at(mut self, url: String) -> Self {
        self.redis_url = Some(url);
        self
    }

    /// Runs on the stores of another server, at the same time.
    pub(crate) fn on_stores_of(self, darkroom: &Darkroom) -> Self {
        self.on_stores_in(darkroom.folder())
    }

    /// Runs on the stores in this directory.
    pub(crate) fn on_stores_in(mut self, folder: &Path) -> Self {
        self.stores = Some(folder.to_owned());
        self
    }

    /// Lets instances run out of memory, which the log may then report.
    pub(crate) fn may_run_out_of_memory(mut self) -> Self {
        self.may_fail = true;
        self
    }

    /// Runs a component that misbehaves on request, which the log may then report.
    pub(crate) fn misbehaving(mut self) -> Self {
        self.may_fail = true;
        self.conformance()
    }

    /// Runs the components in this directory.
    pub(crate) fn components(mut self, folder: PathBuf) -> Self {
        self.components = Some(folder);
        self
    }

    /// Runs the component with the conformance suites.
    pub(crate) fn conformance(mut self) -> Self {
        self.conformance = true;
        self
    }

    /// Uses a manifest that permits no requests to other servers.
    pub(crate) fn reaching_nothing(mut self) -> Self {
        self.reaching_nothing = true;
        self
    }

    /// Uses a manifest that grants no database of the host's own.
    pub(crate) fn without_sqlite(mut self) -> Self {
        self.without_sqlite = true;
        self
    }

    /// Sets the host's clock to this many seconds after the true time.
    pub(crate) fn clock(mut self, seconds: i32) -> Self {
        self.clock = seconds;
        self
    }

    /// Adds the components of `tests/guests` to the application: a relay at `/relay`, a worker
    /// that only it and the worker itself may call, and the same at `/worker`. They trap on request, which the log may then report.
    pub(crate) fn with_guests(mut self) -> Self {
        self.with_guests = true;
        self.may_fail = true;
        self
    }

    /// Keeps the stores' files on another disk.
    pub(crate) fn on(mut self, disk: Disk) -> Self {
        self.disk = disk;
        self
    }

    /// Starts the server and waits until both stores answer.
    pub(crate) fn start(self) -> Darkroom {
        let mut darkroom = self.launch();
        darkroom.wait_until_ready();
        darkroom
    }

    /// Starts the server and waits until it listens.
    pub(crate) fn launch(self) -> Darkroom {
        Darkroom::launch(self)
    }

    /// Writes the files from which a host is started.
    pub(crate) fn write_files(&self, folder: &Path) {
        let (component, deriving) = match &self.components {
            Some(folder) => (
                folder.join("darkroom.wasm"),
                folder.join("darkroom_derive.wasm"),
            ),
            None if self.conformance => (
                environment::conformance_component(),
                environment::deriving_component(),
            ),
            None => (environment::component(), environment::deriving_component()),
        };
        let mut manifest = self.manifest(&component, &deriving);
        if self.with_guests {
            manifest.push_str(&guests(&environment::guests()));
        }
        fs::write(folder.join(MANIFEST), manifest).expect("the manifest is written");
        let mut stores = self.stores.clone().unwrap_or_else(|| folder.to_owned());
        if let Disk::Small(_) = self.disk {
            stores = folder.join(DISK);
            fs::create_dir(&stores).expect("a mount point");
        }
        let config = runtime_config(&stores, self.redis_url.as_deref());
        fs::write(folder.join(CONFIG), config).expect("the configuration is written");
    }

    /// `spin.toml`, with this component and the one that derives images.
    fn manifest(&self, component: &Path, deriving: &Path) -> String {
        let lines = include_str!("../../../spin.toml").lines();
        let lines = lines.map(|line| match line.split_once(" = ") {
            Some(("source", file)) => {
                let of_deriving = file.contains("derive");
                let built = if of_deriving { deriving } else { component };
                format!("source = \"{}\"\n", built.display())
            }
            Some((hosts @ "allowed_outbound_hosts", _)) if self.reaching_nothing => {
                format!("{hosts} = []\n")
            }
            Some(("sqlite_databases", _)) if self.without_sqlite => String::new(),
            _ => format!("{line}\n"),
        });
        lines.collect()
    }
}

/// The entries of the manifest for the components in this directory.
fn guests(folder: &Path) -> String {
    let folder = folder.display();
    format!(
        r#"
        [[trigger.http]]
        route = "/relay"
        component = "relay"
        [component.relay]
        source = "{folder}/relay.wasm"
        allowed_outbound_hosts = [
            "http://worker.spin.internal", "http://relay.spin.internal", "http://none.spin.internal",
            "http://derive.spin.internal",
        ]

        [[trigger.http]]
        route = {{ private = true }}
        component = "worker"
        [component.worker]
        source = "{folder}/worker.wasm"
        allowed_outbound_hosts = ["http://*.spin.internal"]

        [[trigger.http]]
        route = "/worker/..."
        component = "public-worker"
        [component.public-worker]
        source = "{folder}/worker.wasm"
        "#
    )
}

fn runtime_config(folder: &Path, redis: Option<&str>) -> String {
    let folder = folder.display();
    let blobs = match redis {
        Some(url) => format!("type = \"redis\"\nurl = \"{url}\""),
        None => format!("type = \"spin\"\npath = \"{folder}/{BLOBS}\""),
    };
    format!(
        "[sqlite_database.default]\ntype = \"spin\"\npath = \"{folder}/{CATALOG}\"\n\n\
         [key_value_store.default]\n{blobs}\n"
    )
}
