//! The recipes of `docs/access.md`: tokens and links that are made in other languages are accepted
//! too. If `cargo xtask test` does not find a language, it reports its tests as skipped, and fails
//! in CI.

use std::path::{Path, PathBuf};
use std::process::Command;

use darkroom::auth::KeyRing;
use darkroom::auth::link::{self, LinkError};
use serde_json::{Value, json};

use crate::support::{
    Darkroom, KEYS, Program, content, fixture, header, now, peer, problem, token, unique,
};

/// A language, and what is needed to run its recipes.
struct Language {
    program: PathBuf,
    extension: &'static str,
    folder: tempfile::TempDir,
}

/// The languages that are installed.
fn languages() -> Vec<Language> {
    let python = peer("DARKROOM_TEST_PYTHON").map(|program| Language::new(program, "py"));
    let openssl = peer("DARKROOM_TEST_OPENSSL");
    let shell = openssl.map(|_| Language::new("bash".into(), "sh"));
    [python, javascript(), shell]
        .into_iter()
        .flatten()
        .collect()
}

fn javascript() -> Option<Language> {
    let modules = peer("DARKROOM_TEST_NODE_MODULES")?;
    let language = Language::new("node".into(), "mjs");
    // Node looks for libraries next to the file that imports them.
    let link = language.folder.path().join("node_modules");
    std::os::unix::fs::symlink(modules, link).expect("a link");
    Some(language)
}

impl Language {
    fn new(program: PathBuf, extension: &'static str) -> Self {
        let folder = tempfile::tempdir().expect("a temporary directory");
        let recipes = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/recipes");
        for name in ["mint_token", "sign_link"] {
            let name = format!("{name}.{extension}");
            std::fs::copy(recipes.join(&name), folder.path().join(&name)).expect("a recipe");
        }
        Self {
            program,
            extension,
            folder,
        }
    }

    /// Runs a recipe, and returns its output.
    fn recipe(&self, name: &str, arguments: &[&str]) -> String {
        let file = format!("{name}.{}", self.extension);
        self.run(&[&[file.as_str()], arguments].concat())
    }

    /// Runs the program, and returns its output.
    fn run(&self, arguments: &[&str]) -> String {
        let output = Command::new(&self.program)
            .args(arguments)
            .current_dir(self.folder.path())
            .env("DARKROOM_KEY", KEYS)
            .output()
            .expect("it starts");
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{arguments:?}: {errors}");
        let printed = String::from_utf8(output.stdout).expect("text");
        printed.trim_end().to_owned()
    }
}

#[tokio::test]
async fn the_token_of_every_recipe_is_accepted() {
    let darkroom = Darkroom::shared();
    for language in languages() {
        let owner = unique("zoë");
        let client = darkroom.client(&owner);
        let image = client.upload(fixture("still.gif").bytes).await;
        let token = language.recipe("mint_token", &[&owner, "openid images:read"]);
        let client = darkroom.anonymous().with_token(token);
        let listed = client.list().await;
        assert_eq!(listed, [image], "{}", language.extension);
        // It has the requested claims, and no others.
        let refused = client.send(fixture("still.gif").bytes).await;
        problem(refused, 403, "insufficient-scope").await;
    }
}

#[tokio::test]
async fn the_python_sample_of_the_readme_works_as_pasted() {
    let Some(python) = Program::find("DARKROOM_TEST_PYTHON") else {
        return;
    };
    let readme = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    let readme = std::fs::read_to_string(readme).expect("a file");
    let (_, sample) = readme.split_once("```python\n").expect("a sample");
    let (sample, _) = sample.split_once("```\n").expect("its end");
    let variables = format!("# mine\nSPIN_VARIABLE_SIGNING_KEYS={KEYS}\nOTHER=1\n");
    python.write(".env", variables.as_bytes());
    let token = python.succeed(&["-W", "error::UserWarning", "-c", sample]);
    let client = Darkroom::shared()
        .anonymous()
        .with_token(token.trim().to_owned());
    let images = client.get("/v1/images").await;
    assert_eq!(images.status(), 200);
}

#[tokio::test]
async fn the_link_of_every_recipe_is_served_without_a_token() {
    let darkroom = Darkroom::shared();
    let alice = darkroom.client(&unique("alice"));
    let file = fixture("alpha.png");
    let image = alice.upload(file.bytes).await;
    let anonymous = darkroom.anonymous();
    for language in languages() {
        let sign = |arguments: &[&str]| {
            let arguments = [&[content(&image)], arguments].concat();
            language.recipe("sign_link", &arguments)
        };
        let url = sign(&["300"]);
        let response = anonymous.get(&url).await;
        assert_eq!(response.status(), 200, "{url}");
        assert_eq!(response.bytes().await.expect("all bytes"), file.bytes);
        assert_eq!(anonymous.head(&url).await.status(), 200, "{url}");
        let url = sign(&["300", "download=1"]);
        let response = anonymous.get(&url).await;
        let disposition = header(&response, "content-disposition");
        assert!(disposition.starts_with("attachment"), "{disposition}");

        let changed = url.replace("download=1", "download=0");
        problem(anonymous.get(&changed).await, 403, "link-invalid").await;
        problem(anonymous.get(&sign(&["0"])).await, 410, "link-expired").await;
    }
}

#[test]
fn every_recipe_encodes_and_sorts_as_the_server_does() {
    let ring = KeyRing::parse(KEYS).expect("valid keys");
    let path = "/v1/images/01a20bb0-2844-74b5-8560-f8154794d311/content";
    let parameters = ["z=!'()*", "a-b=ä €", "a=&=+%~_.-/?#", "empty="];
    for language in languages() {
        let arguments = [&[path, "300"][..], &parameters].concat();
        let url = language.recipe("sign_link", &arguments);
        let query = url.strip_prefix(path).expect("the path");
        let query = query.strip_prefix('?').expect("a query");
        let refusal = |query: &str| link::verify(&ring, "GET", path, query, now()).err();
        // The server does not know these parameters, which it checks after the signature.
        assert_eq!(refusal(query), Some(LinkError::UnknownParameter), "{url}");
        let changed = query.replace("empty=", "empty=1");
        assert_eq!(refusal(&changed), Some(LinkError::Wrong), "{changed}");
    }
}

/// Prints the claims of a token, if its signature and times are valid.
const READ_IN_PYTHON: &str = r#"
import base64, json, os, sys, jwt
kid, secret = os.environ["DARKROOM_KEY"].split(":")
assert jwt.get_unverified_header(sys.argv[1])["kid"] == kid
secret = base64.urlsafe_b64decode(secret + "==")
print(json.dumps(jwt.decode(sys.argv[1], secret, algorithms=["HS256"])))
"#;

/// The same in JavaScript.
const READ_IN_JAVASCRIPT: &str = r#"
import { jwtVerify } from "jose";
const [kid, secret] = process.env.DARKROOM_KEY.split(":");
const key = Buffer.from(secret, "base64url");
const read = await jwtVerify(process.argv[1], key, { algorithms: ["HS256"], typ: "JWT" });
if (read.protectedHeader.kid !== kid) throw new Error("another key");
console.log(JSON.stringify(read.payload));
"#;

#[test]
fn other_libraries_read_the_tokens_that_are_minted_here() {
    let scope = "images:read images:write";
    let token = token("zoë", scope);
    for language in languages() {
        let claims = match language.extension {
            "py" => language.run(&["-c", READ_IN_PYTHON, &token]),
            "mjs" => language.run(&[
                "--input-type=module",
                "--eval",
                READ_IN_JAVASCRIPT,
                "--",
                &token,
            ]),
            _ => continue,
        };
        let claims: Value = serde_json::from_str(&claims).expect("JSON");
        assert_eq!(claims["sub"], json!("zoë"));
        assert_eq!(claims["scope"], json!(scope));
        assert!(claims["exp"].as_u64() > Some(now()), "{claims}");
    }
}
