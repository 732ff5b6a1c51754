//! Variables: the application's values, and the component's templates that refer to them.

mod sources;

use crate::manifest::Variable;
use anyhow::{Context, Result, bail};
pub use sources::{PREFIX, Source, Sources, pair};
use std::collections::{BTreeMap, HashMap};

/// The application's variables, evaluated.
#[derive(Debug, Default)]
pub struct Values(HashMap<String, String>);

impl Values {
    /// Evaluates the variables that the manifest declares. The error names variables that are
    /// missing or unknown.
    pub fn evaluate(application: &BTreeMap<String, Variable>, sources: &Sources) -> Result<Self> {
        let mut values = HashMap::new();
        let mut missing = Vec::new();
        for (name, variable) in application {
            check_name(name).map_err(|why| anyhow::anyhow!("variables.{name}: {why}"))?;
            match (sources.get(name).or(variable.default.as_ref()), variable) {
                (Some(_), v) if v.required && v.default.is_some() => {
                    bail!("variables.{name} is required, so it must not have a default")
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
        sources.check_given(application.keys().map(String::as_str))?;
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
                .context("the template has an unmatched '{{'")?;
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

/// Checks a name by Spin's rule: lowercase letters and digits, separated by single underscores.
pub(crate) fn check_name(name: &str) -> Result<(), &'static str> {
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
    fn the_first_source_that_sets_a_variable_wins() {
        let declared = declared("a", Some("default"));
        let templates = BTreeMap::from([("x".to_owned(), "<{{ a }}>".to_owned())]);
        let named = |value| map(&[("SPIN_VARIABLE_A", value)]);
        let none = HashMap::new;
        for (given, env, file, expect) in [
            (none(), none(), none(), "<default>"),
            (none(), none(), named("file"), "<file>"),
            (none(), named("env"), named("file"), "<env>"),
            (map(&[("a", "given")]), named("env"), none(), "<given>"),
        ] {
            let sources = Sources { given, env, file };
            let values = Values::evaluate(&declared, &sources).unwrap();
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
}
