//! Clients that are generated from `/openapi.json`, as `docs/clients.md` describes. The commands
//! and the code are those of that page.

use std::path::Path;
use std::process::Output;

use crate::support::{ALL_SCOPES, Darkroom, Program, fixture, peer, token, unique};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The block of `docs/clients.md` in this language.
fn block(language: &str) -> String {
    let page = std::fs::read_to_string(root().join("docs/clients.md")).expect("a page");
    let start = format!("\n```{language}\n");
    let (_, rest) = page.split_once(&start).expect("a block");
    let (code, _) = rest.split_once("```\n").expect("its end");
    code.to_owned()
}

/// What a program that must succeed prints. It must not warn of anything.
#[track_caller]
fn quiet(output: &Output) -> String {
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{printed}\n{errors}");
    let all = format!("{printed}\n{errors}").to_lowercase();
    assert!(!all.contains("warn"), "{printed}\n{errors}");
    printed
}

/// A program with the picture that the code of the page uploads.
fn with_picture(program: Program) -> Program {
    program.write("cat.jpg", fixture("grey.jpg").bytes);
    program
}

#[tokio::test]
async fn a_generated_python_client_does_all_that_an_application_needs() {
    let Some(python) = Program::find("DARKROOM_TEST_PYTHON").map(with_picture) else {
        return;
    };
    let darkroom = Darkroom::shared();
    python.write("config.yaml", block("yaml").as_bytes());
    python.write("sample.py", block("python").as_bytes());
    // The generator formats what it generates with a program that it finds by its name.
    let programs = Path::new(&peer("DARKROOM_TEST_PYTHON").expect("found")).with_file_name("");
    let path = std::env::var("PATH").unwrap_or_default();
    let path = format!("{}:{path}", programs.display());
    let url = format!("{}/openapi.json", darkroom.address());
    let command = "openapi-python-client generate --url";
    let config = ["--config", "config.yaml"];
    let documented = format!(
        "{command} http://127.0.0.1:3000/openapi.json {}",
        config.join(" ")
    );
    let page = std::fs::read_to_string(root().join("docs/clients.md")).expect("a page");
    assert!(page.contains(&documented), "{documented}");
    let generate = ["-m", "openapi_python_client", "generate", "--url", &url];
    let generate = [&generate[..], &config].concat();
    quiet(&python.run_with(&[("PATH", path.as_str()), ("NO_COLOR", "1")], &generate));

    let token = token(&unique("alice"), ALL_SCOPES);
    let variables = [
        ("PYTHONPATH", "darkroom-client"),
        ("MYPYPATH", "darkroom-client"),
        ("DARKROOM_URL", darkroom.address()),
        ("TOKEN", token.as_str()),
    ];
    quiet(&python.run_with(&variables, &["-m", "mypy", "--strict", "sample.py"]));
    let printed = quiet(&python.run_with(&variables, &["-W", "error", "sample.py"]));
    let lines: Vec<&str> = printed.lines().collect();
    let [uploads, list, length, deleted, absent] = lines[..] else {
        panic!("{printed}");
    };
    assert!(
        uploads.ends_with("['pets', 'cats'] ['one.jpg', 'other.jpg']"),
        "{uploads}"
    );
    assert!(
        list.ends_with(" None") && list.matches("UUID").count() == 1,
        "{list}"
    );
    assert!(
        length.parse::<u64>().is_ok_and(|length| length > 100),
        "{length}"
    );
    assert_eq!(deleted, "204");
    assert_eq!(absent, "404 /problems/not-found no such image");
}

/// Calls the functions of the page.
const MAIN: &str = r#"
import assert from "node:assert/strict";
import { openAsBlob } from "node:fs";
import * as client from "./client.js";

const [url, token] = process.argv.slice(2);
const darkroom = client.connect(url, token);
const cat = new File([await openAsBlob("cat.jpg")], "cat.jpg", { type: "image/jpeg" });
const image = await client.upload(darkroom, cat);
assert.equal(image.filename, "cat.jpg");
const tagged = await client.uploadForm(darkroom, cat, "pets,cats");
assert.deepEqual(tagged.tags, ["pets", "cats"]);
const batch = await client.uploadAll(darkroom, [cat, cat]);
assert.deepEqual(batch.map(({ filename }) => filename), ["cat.jpg", "cat.jpg"]);
const listed = await client.list(darkroom, "pets");
assert.deepEqual(listed.map(({ id }) => id), [tagged.id]);
assert.equal((await client.rename(darkroom, image.id, "tom.jpg")).filename, "tom.jpg");
const content = await client.download(darkroom, image.id);
assert.equal(content.size, image.size);
assert.equal(content.type, "image/jpeg");
await client.remove(darkroom, image.id);
await assert.rejects(client.remove(darkroom, image.id), /problems.not-found: no such image/);
"#;

#[tokio::test]
async fn a_generated_typescript_client_does_all_that_an_application_needs() {
    let Some(modules) = peer("DARKROOM_TEST_NODE_MODULES") else {
        return;
    };
    let node = with_picture(Program::at("node"));
    std::os::unix::fs::symlink(modules, node.file("node_modules")).expect("a link");
    node.write("package.json", br#"{"type": "module"}"#);
    let darkroom = Darkroom::shared();
    let generate = block("javascript").replace("http://127.0.0.1:3000", darkroom.address());
    node.write("generate.mjs", generate.as_bytes());
    node.write("client.ts", block("typescript").as_bytes());
    node.write("main.mjs", MAIN.as_bytes());
    quiet(&node.run(&["generate.mjs"]));
    let compile = [
        "node_modules/typescript/bin/tsc",
        "--strict",
        "--module",
        "nodenext",
        "--target",
        "es2022",
        "--lib",
        "es2023,dom,dom.iterable",
        "client.ts",
    ];
    quiet(&node.run(&compile));
    let token = token(&unique("alice"), ALL_SCOPES);
    quiet(&node.run(&["main.mjs", darkroom.address(), &token]));
}

#[test]
fn the_description_is_valid_in_the_eyes_of_others() {
    let description = root().join("docs/openapi.json").display().to_string();
    if let Some(python) = Program::find("DARKROOM_TEST_PYTHON") {
        quiet(&python.run(&["-m", "openapi_spec_validator", &description]));
    }
    let Some(modules) = peer("DARKROOM_TEST_NODE_MODULES") else {
        return;
    };
    let lint = format!("{}/@redocly/cli/bin/cli.js", modules.display());
    let variables = [
        ("REDOCLY_TELEMETRY", "off"),
        ("REDOCLY_SUPPRESS_UPDATE_NOTICE", "true"),
        ("NO_COLOR", "1"),
    ];
    let node = Program::at("node");
    quiet(&node.run_with(&variables, &[lint.as_str(), "lint", &description]));
}
