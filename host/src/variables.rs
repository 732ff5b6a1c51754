//! Variables: the application's values and the component's templates over them.

use crate::bindings::spin::variables::variables::{Error, Host, HostWithStore};
use crate::engine::{Ctx, HostState};
use crate::manifest::Variable;
use anyhow::{Context, Result, bail};
use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use wasmtime::component::Accessor;

/// Where values come from, first match first: `--variable`, the environment,
/// `.env`, and last the manifest's default.
#[derive(Default)]
pub struct Sources {
    /// `--variable NAME=VALUE`.
    pub given: HashMap<String, String>,
    /// The environment and, behind it, `.env`.
    pub env: HashMap<String, String>,
}

impl Sources {
    /// The process's environment over the `.env` file in `folder`.
    pub fn new(given: HashMap<String, String>, folder: &Path) -> Result<Self> {
        let mut env = HashMap::new();
        let path = folder.join(".env");
        if path.exists() {
            let text = std::fs::read_to_string(&path)
                .with_context(|| format!("cannot read {}", path.display()))?;
            for (number, line) in text.lines().enumerate() {
                if let Some((name, value)) = parse_env_line(line)
                    .with_context(|| format!("{} line {}", path.display(), number + 1))?
                {
                    env.insert(name, value);
                }
            }
        }
        env.extend(std::env::vars().filter(|(name, _)| name.starts_with(PREFIX)));
        Ok(Self { given, env })
    }

    fn get(&self, name: &str) -> Option<&String> {
        self.given.get(name).or_else(|| {
            self.env
                .get(&format!("{PREFIX}{}", name.to_ascii_uppercase()))
        })
    }
}

const PREFIX: &str = "SPIN_VARIABLE_";

/// `NAME=VALUE`, with optional `export` and quotes; `None` for blank lines and comments.
fn parse_env_line(line: &str) -> Result<Option<(String, String)>> {
    let line = line.trim();
    if line.is_empty() || line.starts_with('#') {
        return Ok(None);
    }
    let line = line.strip_prefix("export ").unwrap_or(line);
    let (name, value) = line.split_once('=').context("expected NAME=VALUE")?;
    let value = value.trim();
    let value = match value.as_bytes().first() {
        Some(quote @ (b'"' | b'\'')) => {
            let quote = char::from(*quote);
            let end = value[1..].find(quote).context("a quote is not closed")?;
            &value[1..=end]
        }
        _ => value.split(" #").next().unwrap_or_default().trim_end(),
    };
    Ok(Some((name.trim().to_owned(), value.to_owned())))
}

/// The application's variables, evaluated.
#[derive(Debug, Default)]
pub struct Values(HashMap<String, String>);

impl Values {
    /// Evaluates the variables that the manifest declares; names what is missing
    /// or unknown.
    pub fn evaluate(application: &BTreeMap<String, Variable>, sources: &Sources) -> Result<Self> {
        let mut values = HashMap::new();
        let mut missing = Vec::new();
        for (name, variable) in application {
            check_name(name).map_err(|why| anyhow::anyhow!("variables.{name}: {why}"))?;
            match (sources.get(name).or(variable.default.as_ref()), variable) {
                (Some(_), v) if v.required && v.default.is_some() => {
                    bail!("variables.{name} is required and has a default: drop one of them")
                }
                (Some(value), _) => drop(values.insert(name.clone(), value.clone())),
                (None, _) => missing.push(name.as_str()),
            }
        }
        if !missing.is_empty() {
            let hint = missing[0];
            bail!(
                "required variables have no value: {} (set {PREFIX}{} or pass --variable {hint}=…)",
                missing.join(", "),
                hint.to_ascii_uppercase(),
            );
        }
        if let Some(name) = sources
            .given
            .keys()
            .find(|name| !application.contains_key(*name))
        {
            bail!("--variable {name}: the manifest's [variables] has no such name");
        }
        Ok(Self(values))
    }

    /// Evaluates a component's own variables.
    pub fn resolve(&self, templates: &BTreeMap<String, String>) -> Result<HashMap<String, String>> {
        let templates = templates.iter();
        templates
            .map(|(name, template)| {
                check_name(name).map_err(|why| anyhow::anyhow!("variable {name:?}: {why}"))?;
                let value = self.expand(template);
                let value = value.with_context(|| format!("variable {name:?}"))?;
                Ok((name.clone(), value))
            })
            .collect()
    }

    /// Evaluates one template.
    pub fn expand(&self, template: &str) -> Result<String> {
        let mut out = String::new();
        let mut rest = template;
        while let Some((literal, expression)) = rest.split_once("{{") {
            let (name, after) = expression
                .split_once("}}")
                .context("unmatched '{{' in template")?;
            out.push_str(literal);
            let name = name.trim();
            let value = self.0.get(name);
            out.push_str(value.with_context(|| format!("unknown variable {name:?}"))?);
            rest = after;
        }
        out.push_str(rest);
        Ok(out)
    }
}

/// Spin's rule for names: lower case, digits and single underscores between them.
fn check_name(name: &str) -> Result<(), &'static str> {
    if name.is_empty() {
        Err("must not be empty")
    } else if !name
        .bytes()
        .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
    {
        Err("may contain only lower-case letters, numbers, and underscores")
    } else if !name.starts_with(|c: char| c.is_ascii_lowercase()) {
        Err("must start with a lowercase ASCII letter")
    } else if name.ends_with('_') {
        Err("must end with a lowercase ASCII letter or digit")
    } else if name.contains("__") {
        Err("must not contain multiple consecutive underscores")
    } else {
        Ok(())
    }
}

impl Host for Ctx {
    fn convert_error(&mut self, error: Error) -> Result<Error> {
        Ok(error)
    }
}

impl<T: Send> HostWithStore<T> for HostState {
    async fn get(accessor: &Accessor<T, Self>, name: String) -> Result<String, Error> {
        check_name(&name).map_err(|why| Error::InvalidName(format!("{name:?}: {why}")))?;
        accessor
            .with(|mut access| access.get().component.variables.get(&name).cloned())
            .ok_or_else(|| Error::Undefined(format!("no variable {name:?}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn declared(name: &str, default: Option<&str>) -> BTreeMap<String, Variable> {
        let mut variable = Variable::default();
        variable.default = default.map(str::to_owned);
        variable.required = default.is_none();
        BTreeMap::from([(name.to_owned(), variable)])
    }

    fn map(pairs: &[(&str, &str)]) -> HashMap<String, String> {
        pairs
            .iter()
            .map(|(k, v)| (k.to_string(), v.to_string()))
            .collect()
    }

    #[test]
    fn given_beats_environment_beats_default() {
        let declared = declared("a", Some("default"));
        let templates = BTreeMap::from([("x".to_owned(), "<{{ a }}>".to_owned())]);
        let env = map(&[("SPIN_VARIABLE_A", "env")]);
        for (given, env, expect) in [
            (map(&[]), map(&[]), "<default>"),
            (map(&[]), env.clone(), "<env>"),
            (map(&[("a", "given")]), env, "<given>"),
        ] {
            let values = Values::evaluate(&declared, &Sources { given, env }).unwrap();
            assert_eq!(values.resolve(&templates).unwrap()["x"], expect);
        }
    }

    #[test]
    fn a_required_variable_without_a_value_is_named() {
        let error = Values::evaluate(&declared("keys", None), &Sources::default());
        assert!(
            error
                .unwrap_err()
                .to_string()
                .contains("SPIN_VARIABLE_KEYS")
        );
    }

    #[test]
    fn templates_mix_text_and_names() {
        let values = Values(map(&[("a", "1"), ("b", "2")]));
        for (template, expect) in [
            ("", Some("")),
            ("plain", Some("plain")),
            ("{{a}}-{{ b }}", Some("1-2")),
            ("x{{ c }}", None),
            ("{{ a", None),
        ] {
            assert_eq!(
                values.expand(template).ok().as_deref(),
                expect,
                "{template}"
            );
        }
    }

    #[test]
    fn env_lines_may_be_quoted_or_exported() {
        for (line, expect) in [
            ("A=b", Some("b")),
            ("export A = b # note", Some("b")),
            ("A=\"b # c\"", Some("b # c")),
            ("# A=b", None),
        ] {
            let parsed = parse_env_line(line).unwrap().map(|(_, value)| value);
            assert_eq!(parsed.as_deref(), expect, "{line}");
        }
        assert!(parse_env_line("nonsense").is_err());
    }
}
