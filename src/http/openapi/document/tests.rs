//! The published description is up to date, and matches the application's behaviour.

use std::collections::BTreeSet;
use std::path::Path;
use std::{env, fs};

use axum::body::Body;
use axum::http::{Method, Request, header};
use serde_json::Map;

use super::*;
use crate::http::routes;
use crate::http::testing::Client;

/// The variable with which `cargo xtask openapi` requests that the file be written.
const WRITE: &str = "DARKROOM_WRITE_OPENAPI";

#[test]
fn the_published_description_is_up_to_date() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/openapi.json");
    let text = serde_json::to_string_pretty(&document()).expect("JSON") + "\n";
    if env::var_os(WRITE).is_some() {
        fs::write(&path, &text).expect("written");
    }
    let published = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        published == text,
        "docs/openapi.json is out of date: run `cargo xtask openapi`"
    );
}

/// The methods in a resource's `Allow` header, without those that are implied by others.
async fn methods(client: &Client, path: &str) -> BTreeSet<String> {
    let path = path.replace("{id}", "01a20bb0-2844-74b5-8560-f8154794d311");
    let path = path.replace("{identifier}", "01a20bb0-2844-74b5-8560-f8154794d311");
    let request = Request::builder().method(Method::OPTIONS);
    let path = path.replace("{owner}", "alice");
    let path = path.replace("{link}", "01a20bb0-2831-7d40-9a4e-6b1f0c5d2e77");
    let path = path.replace("{ticket}", "01a20bb0282f7a2c9d105e6f7a8b9c0d");
    let path = path.replace("{upload}", "0f3a5c6d7e8f90123456789abcdef012");
    let request = request.uri(path.replace("{slug}", "not-found"));
    let answer = client
        .send(request.body(Body::empty()).expect("a request"))
        .await;
    let names = answer.header("allow").split(", ").map(str::to_lowercase);
    names
        .filter(|name| !["head", "options"].contains(&name.as_str()))
        .collect()
}

#[tokio::test]
async fn described_operations_are_the_existing_ones() {
    let document = document();
    let paths = document["paths"].as_object().expect("paths");
    let described: BTreeSet<&str> = paths.keys().map(String::as_str).collect();
    let routes: BTreeSet<&str> = routes::all().map(|(path, _)| path).collect();
    assert_eq!(described, routes);
    let client = Client::new();
    for (path, operations) in paths {
        let operations = operations.as_object().expect("operations").keys().cloned();
        let described: BTreeSet<String> = operations.filter(|name| name != "head").collect();
        assert_eq!(described, methods(&client, path).await, "{path}");
    }
}

/// Visits every object within a value.
fn visit(value: &Value, visitor: &mut impl FnMut(&Map<String, Value>)) {
    match value {
        Value::Object(members) => {
            visitor(members);
            members.values().for_each(|member| visit(member, visitor));
        }
        Value::Array(items) => items.iter().for_each(|item| visit(item, visitor)),
        _ => {}
    }
}

#[test]
fn references_resolve_and_shared_components_are_used() {
    let document = document();
    let mut used = BTreeSet::new();
    visit(&document, &mut |object| {
        if let Some(reference) = object.get("$ref").and_then(Value::as_str) {
            let found = document.pointer(reference.trim_start_matches('#'));
            assert!(found.is_some(), "{reference}");
            used.insert(reference.to_owned());
        }
    });
    for group in ["schemas", "responses", "parameters", "headers", "examples"] {
        for name in document["components"][group]
            .as_object()
            .expect("a group")
            .keys()
        {
            let reference = format!("#/components/{group}/{name}");
            let shown = ["examples", "schemas"].contains(&group);
            assert!(shown || used.contains(&reference), "{reference}");
        }
    }
}

#[test]
fn operations_have_names_and_describe_their_errors() {
    let document = document();
    let mut names = BTreeSet::new();
    for methods in document["paths"].as_object().expect("paths").values() {
        for operation in methods.as_object().expect("operations").values() {
            let name = operation["operationId"].as_str().expect("a name");
            assert!(
                names.insert(name.to_owned()),
                "duplicate operation id {name}"
            );
            assert!(
                operation["summary"].is_string() && operation["tags"].is_array(),
                "{name}"
            );
            for status in ["414", "431", "500", "503"] {
                assert!(
                    operation["responses"].get(status).is_some(),
                    "{name}: {status}"
                );
            }
            assert!(operation.get("x-problems").is_none(), "{name}");
        }
    }
}

#[test]
fn examples_have_the_members_of_their_schemas() {
    let document = document();
    let schemas = document["components"]["schemas"]
        .as_object()
        .expect("schemas");
    let mut count = 0;
    for (name, schema) in schemas {
        let Some(properties) = schema["properties"].as_object() else {
            continue;
        };
        let Some(example) = document["components"]["examples"][name]["value"].as_object() else {
            continue;
        };
        count += 1;
        for member in example.keys() {
            assert!(properties.contains_key(member), "{name}: {member}");
        }
        for member in schema["required"].as_array().into_iter().flatten() {
            let member = member.as_str().expect("a name");
            assert!(example.contains_key(member), "{name}: {member}");
        }
    }
    assert!(count > 5);
}

/// The name of a type in generated clients.
fn pascal_case(name: &str) -> String {
    let words = name.split(['_', '-']);
    let words = words.map(|word| match word.split_at_checked(1) {
        Some((first, rest)) => first.to_uppercase() + rest,
        None => String::new(),
    });
    words.collect()
}

#[test]
fn generated_clients_have_different_names_for_different_types() {
    let document = document();
    let schemas = document["components"]["schemas"].as_object();
    let schemas = schemas.expect("schemas");
    let mut names: BTreeSet<String> = schemas.keys().map(|name| pascal_case(name)).collect();
    assert_eq!(names.len(), schemas.len());
    for (name, schema) in schemas {
        let members = schema["properties"].as_object();
        for (member, schema) in members.into_iter().flatten() {
            // Generators name the types that are defined in place after where they are.
            if schema["enum"].is_array() || schema["properties"].is_object() {
                let type_name = pascal_case(name) + &pascal_case(member);
                assert!(names.insert(type_name.clone()), "{type_name}");
            }
        }
    }
}

#[test]
fn operations_say_explicitly_that_they_need_no_credentials() {
    let document = document();
    for (path, needs_none) in [("/v1/limits", true), ("/docs", true), ("/v1/images", false)] {
        let security = document["paths"][path]["get"]["security"].as_array();
        assert_eq!(security.expect("a list").is_empty(), needs_none, "{path}");
    }
}

#[tokio::test]
async fn the_description_names_the_base_url() {
    let client = Client::with(&[("public_base_url", "https://a.example/i")]);
    for (client, url) in [(&Client::new(), "/"), (&client, "https://a.example/i")] {
        let request = Request::get("/openapi.json").body(Body::empty());
        let answer = client.send(request.expect("a request")).await;
        assert_eq!(answer.json()["servers"][0]["url"], url);
        assert_eq!(answer.json()["openapi"], "3.1.0");
    }
    let text = serde_json::to_string_pretty(&document()).expect("JSON");
    assert_eq!(text.matches(docs::HERE).count(), 1);
}

#[tokio::test]
async fn gzip_is_sent_to_clients_that_accept_it() {
    let client = Client::new();
    for path in ["/openapi.json", "/docs"] {
        let send = async |coding: &str| {
            let request = Request::get(path).header(header::ACCEPT_ENCODING, coding);
            client
                .send(request.body(Body::empty()).expect("a request"))
                .await
        };
        let (plain, gzip) = (send("identity").await, send("gzip, br").await);
        assert_eq!(
            (
                plain.header("content-encoding"),
                gzip.header("content-encoding")
            ),
            ("", "gzip")
        );
        assert!(gzip.body.len() * 4 < plain.body.len(), "{path}");
        assert_ne!(plain.header("etag"), gzip.header("etag"));
        for answer in [plain, gzip] {
            assert!(answer.header("vary").contains("Accept-Encoding"), "{path}");
        }
    }
}
