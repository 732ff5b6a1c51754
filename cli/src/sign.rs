//! `darkroom sign`: signed URLs, and identifiers for the IIIF Image API.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use clap::{Args, ValueEnum};
use darkroom::auth::KeyRing;
use darkroom::auth::link::{self, Link, LinkMethod, PARAMETERS};
use darkroom_transform::{NAMES, Presets, Request};

use crate::keys;
use crate::token::parse_lifetime;
use crate::variables::EnvFile;

/// The default URL of `darkroom serve`.
const LOCAL: &str = "http://127.0.0.1:3000";

/// Prints a signed URL for an image's bytes.
#[derive(Args)]
pub(crate) struct Sign {
    /// The path of the bytes: /v1/images/{id}/content. Of /iiif/3/{id}, the URL is that of the
    /// image information, and its identifier allows all that the IIIF Image API offers
    #[arg(long, value_parser = parse_path)]
    path: String,
    /// How long the URL is valid: 90s, 15m, 1h, 7d
    #[arg(long, default_value = "1h", value_parser = parse_lifetime)]
    expires_in: Duration,
    /// The method that the URL allows; GET includes HEAD
    #[arg(long, value_enum, default_value = "GET")]
    method: Method,
    /// A query parameter, such as download=1, w=300 or preset=thumb. Darkroom refuses URLs with
    /// unknown parameters and transforms that are not valid, so none are signed
    #[arg(long = "param", value_name = "NAME=VALUE", value_parser = parse_parameter)]
    parameters: Vec<(String, String)>,
    /// The derived image that the URL is for, as a query: 'w=300&h=200&fit=cover'
    #[arg(long, value_name = "QUERY", value_parser = parse_transform)]
    transform: Option<Parameters>,
    /// The name of a preset; --transform may then have dpr, format and q
    #[arg(long, value_name = "NAME")]
    preset: Option<String>,
    /// How many times the image's links have been revoked
    #[arg(long, default_value_t = 0)]
    epoch: u64,
    /// The name of the key to sign with [default: the first]
    #[arg(long)]
    key_id: Option<String>,
    /// The URL to put before the path [default: the variable public_base_url, or
    /// http://127.0.0.1:3000]
    #[arg(long)]
    base_url: Option<String>,
}

/// Parameters of a link: names and values.
type Parameters = Vec<(String, String)>;

/// The methods that a link allows.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Method {
    /// GET and HEAD
    #[value(name = "GET")]
    Get,
    /// HEAD only
    #[value(name = "HEAD")]
    Head,
}

impl Sign {
    /// Runs the command.
    pub(crate) fn run(self, env_file: &EnvFile) -> Result<()> {
        let variables = env_file.variables()?;
        let base = self.base_url.as_deref();
        let base = base.or(variables.get("public_base_url")).unwrap_or(LOCAL);
        let link = self.link(&variables.signing_keys()?, keys::now()?)?;
        println!("{}{link}", base.trim_end_matches('/'));
        Ok(())
    }

    /// All parameters, by whatever option they were given.
    fn parameters(&self) -> Result<Parameters> {
        let preset = self.preset.iter();
        let preset = preset.map(|name| ("preset".to_owned(), name.clone()));
        let transform = self.transform.iter().flatten().cloned();
        let given = self.parameters.iter().cloned();
        let all: Parameters = given.chain(preset).chain(transform).collect();
        for (at, (name, _)) in all.iter().enumerate() {
            let repeated = all[..at].iter().any(|(known, _)| known == name);
            ensure!(!repeated, "the parameter {name} may be given only once");
        }
        check_transform(&all)?;
        Ok(all)
    }

    /// The path and query of a link that is signed at the Unix time `now`.
    fn link(&self, ring: &KeyRing, now: u64) -> Result<String> {
        let parameters = self.parameters()?;
        let is_for_iiif = self.path.starts_with(link::IIIF);
        ensure!(
            !is_for_iiif || (parameters.is_empty() && matches!(self.method, Method::Get)),
            "a path of the IIIF Image API cannot be combined with parameters or --method HEAD"
        );
        let parameters: Vec<(&str, &str)> = parameters
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        let link = Link {
            method: match self.method {
                Method::Get => LinkMethod::Get,
                Method::Head => LinkMethod::Head,
            },
            path: &self.path,
            parameters: &parameters,
            epoch: self.epoch,
            expires: now.saturating_add(self.expires_in.as_secs()),
            id: None,
        };
        let key_id = self.key_id.as_deref();
        let signed = link.sign(ring, key_id);
        let signed = signed.with_context(|| keys::named(key_id))?;
        Ok(match is_for_iiif {
            true => link::in_path(&signed) + "/info.json",
            false => signed,
        })
    }
}

/// Refuses parameters that are no transform. The deployment alone knows its presets, so any
/// name of one is accepted.
fn check_transform(parameters: &[(String, String)]) -> Result<()> {
    let mut presets = Presets::default();
    if let Some((_, preset)) = parameters.iter().find(|(name, _)| name == "preset") {
        presets.insert(preset, [])?;
    }
    let pairs = parameters.iter();
    Request::parse(
        pairs.map(|(name, value)| (name.as_str(), value.as_str())),
        &presets,
    )?;
    Ok(())
}

fn parse_path(text: &str) -> Result<String, String> {
    if !text.starts_with('/') || text.contains(['?', '#']) {
        return Err(
            "expected a path like /v1/images/{id}/content, with the query in --param".to_owned(),
        );
    }
    Ok(text.to_owned())
}

fn parse_parameter(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if PARAMETERS.contains(&name) => {
            Ok((name.to_owned(), value.to_owned()))
        }
        Some((name, _)) => Err(format!(
            "unknown parameter {name:?}; a link may have: {}",
            PARAMETERS.join(", ")
        )),
        None => Err("expected a name and a value, like download=1".to_owned()),
    }
}

/// A query with parameters of a derived image. It may be copied from a URL, or typed without
/// encoding.
fn parse_transform(text: &str) -> Result<Parameters, String> {
    let pairs = text.trim_start_matches('?').split('&');
    let decoded = |value: &str| {
        value
            .replace("%2C", ",")
            .replace("%2c", ",")
            .replace("%25", "%")
    };
    pairs
        .map(|pair| match pair.split_once('=') {
            Some((name, value)) if NAMES.contains(&name) && name != "preset" => {
                Ok((name.to_owned(), decoded(value)))
            }
            _ => Err(format!(
                "expected parameters of a derived image, like w=300&h=200&fit=cover, not {pair:?}"
            )),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::{Path, PathBuf};

    use super::*;
    use clap::Parser;

    const KEYS: &str = "first:MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY,\
                        second:ZmVkY2JhOTg3NjU0MzIxMGZlZGNiYTk4NzY1NDMyMTA=";
    const PATH: &str = "/v1/images/01a20bb0-2844-74b5-8560-f8154794d311/content";

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        sign: Sign,
    }

    /// The link that the command signs with these options, at the Unix time 1000.
    fn signed(options: &[&str]) -> Result<String> {
        let line = ["sign", "--path", PATH].iter().chain(options);
        let ring = KeyRing::parse(KEYS).expect("a ring");
        Line::try_parse_from(line)?.sign.link(&ring, 1000)
    }

    #[test]
    fn the_server_accepts_the_links_that_are_signed_here() {
        let ring = KeyRing::parse(KEYS).expect("a ring");
        for (options, method, epoch) in [
            (&[][..], "GET", 0),
            (&["--method", "HEAD", "--epoch", "3"], "HEAD", 3),
            (&["--key-id", "second", "--param", "download=1"], "GET", 0),
            (
                &["--method", "GET", "--param", "download=ä &=+*~"],
                "GET",
                0,
            ),
            (
                &["--param", "w=300", "--param", "crop=0,0,50%,50%"],
                "GET",
                0,
            ),
            (&["--param", "preset=thumb", "--param", "dpr=2"], "GET", 0),
            (
                &["--preset", "thumb", "--transform", "dpr=2&q=70"],
                "GET",
                0,
            ),
            (&["--transform", "w=300&crop=0%2C0,50%25,50%"], "GET", 0),
        ] {
            let url = signed(options).expect("signed");
            let query = url.strip_prefix(PATH).expect("the path");
            let query = query.strip_prefix('?').expect("a query");
            let verified = link::verify(&ring, method, PATH, query, 4599).expect("accepted");
            assert_eq!((verified.epoch, verified.expires), (epoch, 4600));
            assert!(link::verify(&ring, method, PATH, query, 4600).is_err());
        }
    }

    #[test]
    fn an_identifier_for_iiif_is_signed_in_its_path() {
        let ring = KeyRing::parse(KEYS).expect("a ring");
        let path = PATH
            .replace("/v1/images", "/iiif/3")
            .replace("/content", "");
        let signed = |options: &[&str]| {
            let line = ["sign", "--path", &path]
                .into_iter()
                .chain(options.iter().copied());
            Line::try_parse_from(line)?.sign.link(&ring, 1000)
        };
        let url = signed(&["--epoch", "2"]).expect("signed");
        let identifier = url.strip_suffix("/info.json").expect("image information");
        let (unsigned, parameters) = identifier.split_once(';').expect("parameters");
        assert_eq!(unsigned, path);
        let verified = link::verify_in_path(&ring, &path, parameters, 4599).expect("accepted");
        assert_eq!((verified.epoch, verified.expires), (2, 4600));
        for options in [["--param", "w=300"], ["--method", "HEAD"]] {
            assert!(signed(&options).is_err(), "{options:?}");
        }
    }

    #[test]
    fn invalid_options_are_refused() {
        for options in [
            &["--param", "expires=1"][..],
            &["--param", "size=1"],
            &["--param", "Download=1"],
            &["--param", "download=1", "--param", "download=1"],
            &["--param", "download"],
            &["--param", "w=0"],
            &["--param", "fit=cover"],
            &["--param", "preset=a/b"],
            &["--param", "preset=thumb", "--param", "w=300"],
            &["--preset", "thumb", "--transform", "w=300"],
            &["--preset", "thumb", "--param", "preset=large"],
            &["--transform", "download=1"],
            &["--transform", "preset=thumb"],
            &["--transform", "w"],
            &["--transform", ""],
            &["--key-id", "third"],
            &["--method", "POST"],
            &["--expires-in", "0s"],
        ] {
            assert!(signed(options).is_err(), "{options:?}");
        }
        assert!(parse_path("v1").is_err() && parse_path("/v1?a=1").is_err());
    }

    #[test]
    fn the_documented_example_is_the_link_that_is_signed() {
        let url = signed(&["--param", "download=1"]).expect("signed");
        let document = document();
        assert!(document.contains(KEYS.split(',').next().expect("a key")));
        assert!(document.contains(&url), "docs/access.md lacks {url}");
    }

    #[test]
    fn the_documented_recipes_are_the_tested_ones() {
        let document = document();
        let recipes = root().join("tests/recipes");
        let mut count = 0;
        for entry in fs::read_dir(recipes).expect("tests/recipes") {
            let path = entry.expect("an entry").path();
            let Some(extension) = path.extension().and_then(|it| it.to_str()) else {
                continue;
            };
            let language = match extension {
                "py" => "python",
                "mjs" => "javascript",
                "rb" => "ruby",
                "sh" | "go" => extension,
                _ => continue,
            };
            let code = fs::read_to_string(&path).expect("readable");
            let block = format!("```{language}\n{code}```\n");
            let name = path.display();
            assert!(document.contains(&block), "docs/access.md drifted: {name}");
            count += 1;
        }
        assert_eq!(count, 10);
    }

    fn document() -> String {
        fs::read_to_string(root().join("docs/access.md")).expect("docs/access.md")
    }

    fn root() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
    }
}
