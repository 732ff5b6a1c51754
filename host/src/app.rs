//! An application, assembled from its manifest, stores and components.

use crate::allowed_hosts::AllowedHosts;
use crate::chain::Neighbours;
use crate::component::Component;
use crate::exit::WrongSetting;
use crate::manifest::{self, Manifest};
use crate::runtime_config::{KeyValue, RuntimeConfig};
use crate::single_use::SingleUse;
use crate::{ctx, engine, key_value, log, routes, server, sqlite, variables, worker};
use anyhow::{Context, Result};
use std::collections::{BTreeSet, HashMap};
use std::fmt::Display;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::sync::{Notify, Semaphore};
use wasmtime::Engine;
use wasmtime_wasi_http::handler::ProxyPre;

/// The source of an application.
pub enum Application {
    /// A manifest file, which names the files of its components.
    File(PathBuf),
    /// Embedded in the program.
    Embedded {
        /// The manifest.
        manifest: &'static str,
        /// Its components by name, which replace the files that the manifest names.
        components: &'static [(&'static str, &'static [u8])],
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

    /// Compiles and links one of the components.
    fn load(
        &self,
        engine: &Engine,
        name: &str,
        component: &manifest::Component,
        cache: &Path,
    ) -> Result<ProxyPre<ctx::Ctx>> {
        match self {
            Self::File(_) => engine::load(engine, &component.source, cache),
            Self::Embedded { components, .. } => {
                let embedded = components.iter().find(|(embedded, _)| *embedded == name);
                let (_, wasm) = embedded
                    .with_context(|| format!("this program does not contain component.{name}"))?;
                engine::link(engine, wasm, cache)
            }
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
        let declared = manifest.variables.keys().map(String::as_str);
        for warning in options.sources.unknown(declared) {
            log::warn(format_args!("{warning}"));
        }
        let mut granted = grants(&manifest, &options.sources).map_err(WrongSetting::because)?;
        let (key_value, sqlite) = open_stores(&manifest, config)?;
        let limits = options.limits;
        let engine = engine::engine(limits.interrupt(), limits.instances)?;
        let stopping = Arc::new(Notify::new());
        let cache = config.state_dir.join("cache");
        let neighbours = Arc::new(Neighbours::default());
        let places = Arc::new(Semaphore::new(limits.reused));
        let mut single_use = None;
        let mut components = HashMap::new();
        for (name, component) in &manifest.components {
            let (variables, outbound) = granted.remove(name).unwrap_or_default();
            warn_of_unknown(&manifest, name, &outbound);
            let pre = options.application.load(&engine, name, component, &cache)?;
            let is_single_use = matches!(pre, ProxyPre::P2(_));
            let granted = ctx::Granted {
                variables,
                outbound: Arc::new(outbound),
                postgres: Arc::default(),
                neighbours: neighbours.clone(),
                is_single_use,
                key_value: select(&component.key_value_stores, &key_value),
                sqlite: select(&component.sqlite_databases, &sqlite),
            };
            let factory =
                |limits| worker::Factory::new(pre.into(), granted.into(), limits, stopping.clone());
            let component = if is_single_use {
                let places = match &single_use {
                    Some(places) => Arc::clone(places),
                    None => Arc::clone(
                        single_use.insert(Arc::new(SingleUse::start(limits.single_use)?)),
                    ),
                };
                let factory = factory(limits.for_single_use());
                Component::single_use(factory, places, limits.request)
            } else {
                Component::reused(factory(limits).limited_to(places.clone()))
            };
            components.insert(name.clone(), component);
        }
        let server = Arc::new(server::Server::new(routes, components, options.clients));
        neighbours.connect(&server);
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

/// The variables of each component, and the servers and components that it may send requests to.
fn grants<'a>(
    manifest: &'a Manifest,
    sources: &variables::Sources,
) -> Result<HashMap<&'a String, Grant>> {
    let variables = variables::Values::evaluate(&manifest.variables, sources)?;
    let mut granted = HashMap::new();
    for (name, component) in &manifest.components {
        let values = variables.resolve(&component.variables)?;
        let names = manifest.components.keys().map(String::as_str);
        let hosts = outbound_hosts(name, component, names, &variables)?;
        granted.insert(name, (values, hosts));
    }
    Ok(granted)
}

/// Warns of components that a component may call, but that do not exist.
fn warn_of_unknown(manifest: &Manifest, name: &str, allowed: &AllowedHosts) {
    for callee in allowed.components() {
        let mut names = manifest.components.keys();
        if !names.any(|name| name.eq_ignore_ascii_case(callee)) {
            log::warn(format_args!(
                "component.{name}.allowed_outbound_hosts names the component {callee:?}, which \
                 no [[trigger.http]] has"
            ));
        }
    }
}

type Grant = (HashMap<String, String>, AllowedHosts);

/// The servers, and the components among `names`, that a component may send requests to.
fn outbound_hosts<'a>(
    name: &str,
    component: &manifest::Component,
    names: impl Iterator<Item = &'a str> + Clone,
    variables: &variables::Values,
) -> Result<AllowedHosts> {
    let hosts = component.allowed_outbound_hosts.iter();
    let hosts: Result<Vec<String>> = hosts.map(|host| variables.expand(host)).collect();
    hosts
        .and_then(|hosts| AllowedHosts::parse(&hosts))
        .map(|hosts| hosts.with_components(names))
        .with_context(|| format!("component.{name}.allowed_outbound_hosts"))
}

type Stores = (
    HashMap<String, key_value::Store>,
    HashMap<String, Arc<sqlite::Database>>,
);

/// Opens the stores that any of the components names, and logs where they are.
fn open_stores(manifest: &Manifest, config: &RuntimeConfig) -> Result<Stores> {
    let components = || manifest.components.values();
    let mut key_value = HashMap::new();
    let labels: BTreeSet<&String> = components().flat_map(|c| &c.key_value_stores).collect();
    for label in labels {
        let store = config.key_value.get(label).with_context(|| {
            format!(
                "key_value_stores names {label:?}, which the runtime configuration does not define"
            )
        });
        let store = store.map_err(WrongSetting::because)?;
        let is_new = matches!(store, KeyValue::File(path) if !path.exists());
        key_value.insert(label.clone(), key_value::Store::connect(label, store)?);
        opened("key-value store", label, store, is_new);
    }
    let mut sqlite = HashMap::new();
    let labels: BTreeSet<&String> = components().flat_map(|c| &c.sqlite_databases).collect();
    for label in labels {
        let path = config.sqlite.get(label).with_context(|| {
            format!(
                "sqlite_databases names {label:?}, which the runtime configuration does not define"
            )
        });
        let path = path.map_err(WrongSetting::because)?;
        let is_new = !path.exists();
        sqlite.insert(label.clone(), Arc::new(sqlite::Database::open(path)?));
        opened("database", label, &path.display(), is_new);
    }
    Ok((key_value, sqlite))
}

fn opened(kind: &str, label: &str, place: &dyn Display, is_new: bool) {
    let new = if is_new { " (new)" } else { "" };
    log::info(format_args!("The {kind} {label:?} is {place}{new}"));
}

fn select<T: Clone>(labels: &[String], from: &HashMap<String, T>) -> HashMap<String, T> {
    let granted = labels
        .iter()
        .filter_map(|label| Some((label.clone(), from.get(label)?.clone())));
    granted.collect()
}
