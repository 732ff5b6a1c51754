//! What README.md and the pages in `docs/` list, show and say of the application, where no other
//! test shows it.

mod access;
mod delivery;
mod frameworks;
mod images;
mod listing;
mod operations;
mod readme;

use std::collections::BTreeSet;

use super::*;

/// The rows of the table that begins with this row, each as its cells.
fn rows<'a>(page: &'a str, header: &str) -> Vec<Vec<&'a str>> {
    let (_, table) = page.split_once(header).expect(header);
    let lines = table.lines().skip(2);
    let lines = lines.take_while(|line| line.starts_with('|'));
    let cells = |line: &'a str| line.trim_matches('|').split(" | ").map(str::trim).collect();
    lines.map(cells).collect()
}

/// The texts in backticks.
fn code(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

/// The names in the first column of the table that begins with this row.
fn names<'a>(page: &'a str, header: &str) -> BTreeSet<&'a str> {
    let cells = rows(page, header).into_iter().map(|row| row[0]);
    cells.flat_map(code).collect()
}

/// The first JSON example after this text.
fn example(page: &str, after: &str) -> Value {
    let (_, rest) = page.split_once(after).expect(after);
    let (_, rest) = rest.split_once("```json\n").expect("an example");
    let (text, _) = rest.split_once("```").expect("its end");
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

/// Checks that an answer has the members of the example, with values of the same types.
fn check_example(answer: &Value, example: &Value) {
    match (answer, example) {
        (Value::Object(answer), Value::Object(example)) => {
            let names: Vec<&String> = answer.keys().collect();
            assert_eq!(names, example.keys().collect::<Vec<_>>());
            for (name, value) in answer {
                check_example(value, &example[name]);
            }
        }
        (Value::Array(answer), Value::Array(example)) => {
            for value in answer {
                check_example(value, &example[0]);
            }
        }
        (answer, example) => assert_eq!(
            std::mem::discriminant(answer),
            std::mem::discriminant(example),
            "{answer} {example}"
        ),
    }
}

/// A request by a token with these scopes.
fn by(scope: &str, method: Method, path: &str) -> Request<Body> {
    let request = Request::builder().method(method).uri(path);
    let request = request.header(header::AUTHORIZATION, bearer("alice", scope));
    request.body(Body::empty()).expect("a request")
}
