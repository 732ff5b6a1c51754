//! README.md.

use super::*;

const README: &str = include_str!("../../../../README.md");

fn description() -> Value {
    let text = include_str!("../../../../docs/openapi.json");
    serde_json::from_str(text).expect("JSON")
}

/// The methods and paths of a row, such as "`GET`, `HEAD /a`" or "`GET /a`, `/b`".
fn operations(cell: &str) -> Vec<(String, String)> {
    let mut methods = Vec::new();
    let mut operations = Vec::new();
    for text in code(cell) {
        let (method, path) = match text.split_once(' ') {
            Some((method, path)) => (method, path),
            None if text.starts_with('/') => ("", text),
            None => (text, ""),
        };
        methods.extend((!method.is_empty()).then_some(method));
        if !path.is_empty() {
            let all = methods.iter();
            operations.extend(all.map(|method| ((*method).to_owned(), path.to_owned())));
        }
    }
    operations
}

#[test]
fn the_routes_and_their_scopes_are_those_of_the_description() {
    let description = description();
    let mut described = BTreeSet::new();
    for (path, operations) in description["paths"].as_object().expect("paths") {
        for (method, operation) in operations.as_object().expect("operations") {
            let security = operation["security"].as_array();
            let scopes = security.into_iter().flatten();
            let scopes = scopes.filter_map(|option| option["token"].as_array());
            let scopes: BTreeSet<&str> = scopes.flatten().filter_map(Value::as_str).collect();
            described.insert((method.to_uppercase(), path.clone(), scopes));
        }
    }
    let mut listed = BTreeSet::new();
    for row in rows(README, "| Method and path | Scope | Description |") {
        for (method, path) in operations(row[0]) {
            listed.insert((method, path, code(row[1]).collect()));
        }
    }
    assert_eq!(listed, described);
}

#[test]
fn the_statuses_are_those_of_all_problems() {
    let listed = rows(README, "| Status | Meaning |");
    let listed = listed.iter().flat_map(|row| row[0].split(", "));
    let listed: BTreeSet<String> = listed.map(str::to_owned).collect();
    let kinds = ProblemKind::ALL.iter();
    let all: BTreeSet<String> = kinds
        .map(|kind| kind.status().as_u16().to_string())
        .collect();
    assert_eq!(listed, all);
}

#[tokio::test]
async fn an_image_object_has_the_members_of_the_example() {
    let client = Client::new();
    let file = testing::png(1, 1);
    let part = ("name=\"file\"; filename=\"photo.png\"", &file[..]);
    let content_type = "multipart/form-data; boundary=x";
    let image = client.post(content_type, form(&[part])).await.json();
    check_example(&image, &example(README, "echo \"$IMAGE\""));
}
