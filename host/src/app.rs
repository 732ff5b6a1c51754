//! An application, assembled from its manifest, stores and components.

use crate::component::Component;
use crate::manifest::{self, Manifest};
use crate::runtime_config::RuntimeConfig;
use crate::{ctx, engine, key_value, outbound, routes, server, sqlite, variables, worker};
use anyhow::{Context, Result};
use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::sync::Notify;

/// The source of an application.
pub enum Application {
    /// A manifest file, which names the files of its components.
    File(PathBuf),
    /// Embedded in the program.
    Embedded {
        /// The manifest.
        manifest: &'static str,
        /// Its only component, which replaces the file that the manifest names.
        component: &'static [u8],
    },
}

impl Application {
    /// The directory that the application's relative paths start in.
    pub fn folder(&self) -> Result<PathBuf> {
        match self {
            Self::File(manifest) => {
                let manifest = std::path::absolute(manifest)?;
                Ok(manifest.parent().unwrap_or(Path::new("/")).to_owned())
            }
            Self::Embedded { .. } => Ok(std::env::current_dir()?),
        }
    }

    fn manifest(&self) -> Result<Manifest> {
        match self {
            Self::File(path) => Manifest::load(path),
            Self::Embedded { manifest, .. } => Manifest::parse(manifest, &self.folder()?),
        }
    }
}

/// The options for starting an application.
pub struct Options<'a> {
    /// The application.
    pub application: &'a Application,
    /// The configuration of its stores.
    pub config: &'a RuntimeConfig,
    /// The sources of its variables.
    pub sources: variables::Sources,
    /// The limits on instances and their reuse.
    pub limits: worker::Limits,
    /// The limits on clients.
    pub clients: server::Bounds,
}

/// The application, ready to be served.
pub struct App {
    /// Answers requests.
    pub server: Arc<server::Server>,
    /// Notified when idle instances should end at once.
    pub stopping: Arc<Notify>,
    key_value: HashMap<String, key_value::Store>,
    sqlite: HashMap<String, Arc<sqlite::Database>>,
}

impl App {
    /// Opens the stores and compiles the components.
    pub fn start(options: Options<'_>) -> Result<Self> {
        let config = options.config;
        let manifest = options.application.manifest()?;
        let routes = routes::Routes::new(&manifest.triggers)?;
        let variables = variables::Values::evaluate(&manifest.variables, &options.sources)?;
        let mut granted = HashMap::new();
        for (name, component) in &manifest.components {
            let values = variables.resolve(&component.variables)?;
            let hosts = outbound_hosts(name, component, &variables)?;
            granted.insert(name, (values, hosts));
        }
        let (key_value, sqlite) = open_stores(&manifest, config)?;
        let mut limits = options.limits;
        limits.max_memory = limits.max_memory.or(config.max_instance_memory);
        let engine = engine::engine(limits.interrupt(), limits.instances)?;
        let stopping = Arc::new(Notify::new());
        let cache = config.state_dir.join("cache");
        let mut components = HashMap::new();
        for (name, component) in &manifest.components {
            let (variables, outbound) = granted.remove(name).unwrap_or_default();
            let granted = ctx::Granted {
                variables,
                outbound: Arc::new(outbound),
                key_value: select(&component.key_value_stores, &key_value),
                sqlite: select(&component.sqlite_databases, &sqlite),
            };
            let pre = match options.application {
                Application::File(_) => engine::load(&engine, &component.source, &cache)?,
                Application::Embedded { component, .. } => {
                    engine::link(&engine, component, &cache)?
                }
            };
            let (granted, stopping) = (Arc::new(granted), stopping.clone());
            let factory = worker::Factory::new(pre, granted, limits, stopping);
            components.insert(name.clone(), Component::new(factory));
        }
        let server = Arc::new(server::Server::new(routes, components, options.clients));
        Ok(Self {
            server,
            stopping,
            key_value,
            sqlite,
        })
    }

    /// Finishes the stores' pending operations, and closes them.
    pub fn close(&self) {
        self.key_value.values().for_each(key_value::Store::close);
        self.sqlite.values().for_each(|database| database.close());
    }
}

/// The servers that a component may send requests to.
fn outbound_hosts(
    name: &str,
    component: &manifest::Component,
    variables: &variables::Values,
) -> Result<outbound::AllowedHosts> {
    let hosts = component.allowed_outbound_hosts.iter();
    let hosts: Result<Vec<String>> = hosts.map(|host| variables.expand(host)).collect();
    hosts
        .and_then(|hosts| outbound::AllowedHosts::parse(&hosts))
        .with_context(|| format!("component.{name}.allowed_outbound_hosts"))
}

type Stores = (
    HashMap<String, key_value::Store>,
    HashMap<String, Arc<sqlite::Database>>,
);

/// Opens the stores that any of the components names.
fn open_stores(manifest: &Manifest, config: &RuntimeConfig) -> Result<Stores> {
    let components = || manifest.components.values();
    let mut key_value = HashMap::new();
    let labels: BTreeSet<&String> = components().flat_map(|c| &c.key_value_stores).collect();
    for label in labels {
        let store = config.key_value.get(label).with_context(|| {
            format!(
                "key_value_stores names {label:?}, which the runtime configuration does not define"
            )
        })?;
        key_value.insert(label.clone(), key_value::Store::connect(label, store)?);
    }
    let mut sqlite = HashMap::new();
    let labels: BTreeSet<&String> = components().flat_map(|c| &c.sqlite_databases).collect();
    for label in labels {
        let path = config.sqlite.get(label).with_context(|| {
            format!(
                "sqlite_databases names {label:?}, which the runtime configuration does not define"
            )
        })?;
        sqlite.insert(label.clone(), Arc::new(sqlite::Database::open(path)?));
    }
    Ok((key_value, sqlite))
}

fn select<T: Clone>(labels: &[String], from: &HashMap<String, T>) -> HashMap<String, T> {
    let granted = labels
        .iter()
        .filter_map(|label| Some((label.clone(), from.get(label)?.clone())));
    granted.collect()
}
