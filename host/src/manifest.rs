//! `spin.toml`: the part of Spin's manifest format, version 2, that this host supports. The host
//! refuses a manifest with an unsupported entry, and names it, rather than ignoring the entry.

use anyhow::{Context, Result, bail, ensure};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    spin_manifest_version: u32,
    #[serde(rename = "application")]
    _application: Application,
    #[serde(default)]
    variables: BTreeMap<String, Variable>,
    trigger: BTreeMap<String, Vec<Trigger>>,
    component: BTreeMap<String, Component>,
}

/// The application's name and other metadata, which do not affect how it is served.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Application {
    #[serde(rename = "name")]
    _name: String,
    #[serde(rename = "version")]
    _version: Option<String>,
    #[serde(rename = "description")]
    _description: Option<String>,
    #[serde(rename = "authors")]
    _authors: Option<Vec<String>>,
}

/// One entry of `[variables]`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Variable {
    /// The value of the variable if no source sets one.
    pub default: Option<String>,
    /// Whether a source must set a value.
    #[serde(default)]
    pub required: bool,
    #[serde(rename = "secret")]
    _secret: Option<bool>,
    #[serde(rename = "description")]
    _description: Option<String>,
}

/// One `[[trigger.http]]`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Trigger {
    #[serde(rename = "id")]
    _id: Option<String>,
    /// The requests that the component serves.
    pub route: TriggerRoute,
    /// The component that serves the route.
    pub component: String,
    executor: Option<toml::Table>,
}

/// The `route` of a trigger.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub enum TriggerRoute {
    /// The route as written: `/exact` or `/prefix/...`.
    Path(String),
    /// No path: only the application's own components reach the component.
    Private(Private),
}

/// `{ private = true }`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Private {
    private: bool,
}

/// One `[component.NAME]`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Component {
    /// The WebAssembly file. [`Manifest::parse`] joins it to the manifest's directory.
    pub source: PathBuf,
    /// The component's variables: templates that refer to the application's variables.
    #[serde(default)]
    pub variables: BTreeMap<String, String>,
    /// The labels of the key-value stores that the component may open.
    #[serde(default)]
    pub key_value_stores: Vec<String>,
    /// The labels of the databases that the component may open.
    #[serde(default)]
    pub sqlite_databases: Vec<String>,
    /// The servers that the component may send requests to, as templates.
    #[serde(default)]
    pub allowed_outbound_hosts: Vec<String>,
    #[serde(rename = "description")]
    _description: Option<String>,
    #[serde(rename = "build")]
    _build: Option<toml::Table>,
    #[serde(rename = "tool")]
    _tool: Option<toml::Table>,
}

/// A manifest that this host supports.
#[derive(Debug)]
pub struct Manifest {
    /// The application's variables.
    pub variables: BTreeMap<String, Variable>,
    /// The routes, each with the name of its component.
    pub triggers: Vec<Trigger>,
    /// The components that a route names.
    pub components: BTreeMap<String, Component>,
}

impl Manifest {
    /// Reads and checks the manifest file `path`.
    pub fn load(path: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path)
            .with_context(|| format!("cannot read the manifest {}", path.display()))?;
        let folder = path.parent().unwrap_or(Path::new("."));
        Self::parse(&text, folder).with_context(|| format!("cannot serve {}", path.display()))
    }

    /// Parses and checks a manifest whose paths are relative to `folder`.
    pub fn parse(text: &str, folder: &Path) -> Result<Self> {
        let mut file: File = toml::from_str(text)?;
        ensure!(
            file.spin_manifest_version == 2,
            "spin_manifest_version must be 2, not {}",
            file.spin_manifest_version
        );
        let triggers = file.trigger.remove("http").unwrap_or_default();
        if let Some(kind) = file.trigger.keys().next() {
            bail!("trigger.{kind} is not supported: this host supports only trigger.http");
        }
        ensure!(
            !triggers.is_empty(),
            "the manifest must have at least one [[trigger.http]]"
        );
        for trigger in &triggers {
            ensure!(
                file.component.contains_key(&trigger.component),
                "trigger.http.component names {:?}, but there is no such [component]",
                trigger.component
            );
            ensure!(
                !matches!(&trigger.route, TriggerRoute::Private(route) if !route.private),
                "trigger.http.route of {:?} must be a path or {{ private = true }}",
                trigger.component
            );
            if let Some(executor) = &trigger.executor {
                let kind = executor.get("type").and_then(|kind| kind.as_str());
                ensure!(
                    kind == Some("http") && executor.len() == 1,
                    "trigger.http.executor must be {{ type = \"http\" }}"
                );
            }
        }
        let mut components = file.component;
        components.retain(|name, _| triggers.iter().any(|trigger| trigger.component == *name));
        for component in components.values_mut() {
            component.source = folder.join(&component.source);
        }
        Ok(Self {
            variables: file.variables,
            triggers,
            components,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const VALID: &str = r#"
        spin_manifest_version = 2
        [application]
        name = "a"
        [variables]
        v = { default = "x" }
        [[trigger.http]]
        route = "/..."
        component = "c"
        [component.c]
        source = "c.wasm"
        allowed_outbound_hosts = []
        key_value_stores = ["default"]
        [component.c.build]
        command = "make"
    "#;

    fn refusal(from: &str, to: &str) -> String {
        assert!(VALID.contains(from));
        let error = Manifest::parse(&VALID.replace(from, to), Path::new("/app")).unwrap_err();
        format!("{error:#}")
    }

    #[test]
    fn a_supported_manifest_is_served() {
        let manifest = Manifest::parse(VALID, Path::new("/app")).unwrap();
        assert_eq!(manifest.components["c"].source, Path::new("/app/c.wasm"));
        assert!(
            matches!(&manifest.triggers[0].route, TriggerRoute::Path(route) if route == "/...")
        );
    }

    #[test]
    fn a_component_without_a_path_may_be_private_to_the_application() {
        let manifest = VALID.replace("\"/...\"", "{ private = true }");
        let manifest = Manifest::parse(&manifest, Path::new("/app")).unwrap();
        assert!(matches!(
            manifest.triggers[0].route,
            TriggerRoute::Private(_)
        ));
        assert!(manifest.components.contains_key("c"));
    }

    #[test]
    fn only_components_with_a_trigger_are_part_of_the_application() {
        let second = "[[trigger.http]]\nroute = { private = true }\ncomponent = \"d\"\n\
                      [component.d]\nsource = \"d.wasm\"\n[component.e]\nsource = \"e.wasm\"\n";
        let manifest = format!("{VALID}\n{second}");
        let manifest = Manifest::parse(&manifest, Path::new("/app")).unwrap();
        let names: Vec<&str> = manifest.components.keys().map(String::as_str).collect();
        assert_eq!(names, ["c", "d"]);
    }

    #[test]
    fn the_error_names_the_unsupported_entry() {
        for (from, to, names) in [
            ("version = 2", "version = 1", "spin_manifest_version"),
            ("trigger.http", "trigger.redis", "trigger.redis"),
            ("key_value_stores", "ai_models", "ai_models"),
            ("\"c.wasm\"", "\"c.wasm\"\nfiles = [\"a\"]", "files"),
            ("component = \"c\"", "component = \"d\"", "\"d\""),
            ("\"/...\"", "{ private = false }", "private = true"),
            ("\"/...\"", "{ public = true }", "route"),
            ("\"c\"", "\"c\"\nexecutor = { type = \"wagi\" }", "executor"),
            (
                "[application]",
                "[application.trigger]\n[application]",
                "trigger",
            ),
        ] {
            let message = refusal(from, to);
            assert!(message.contains(names), "{to}: {message}");
        }
    }
}
