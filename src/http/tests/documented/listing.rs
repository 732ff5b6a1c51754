//! docs/listing.md.

use super::super::forms::post;
use super::*;

const PAGE: &str = include_str!("../../../../docs/listing.md");

fn description() -> Value {
    let text = include_str!("../../../../docs/openapi.json");
    serde_json::from_str(text).expect("JSON")
}

#[test]
fn the_parameters_of_lists_are_those_of_the_description() {
    let mut listed = names(PAGE, "| parameter | filter |");
    // The second table names values of `sort` too.
    let order = rows(PAGE, "| parameter | order and paging |");
    listed.extend(order.iter().filter_map(|row| code(row[0]).next()));
    let description = description();
    let parameters = description["paths"]["/v1/images"]["get"]["parameters"].as_array();
    let described = parameters.expect("parameters").iter();
    let described = described.filter(|parameter| parameter["in"] == "query");
    let described: BTreeSet<&str> = described
        .filter_map(|parameter| parameter["name"].as_str())
        .collect();
    assert_eq!(listed, described);
}

#[test]
fn the_members_of_an_edit_are_those_of_the_description() {
    let description = description();
    let members = description["components"]["schemas"]["ImagePatch"]["properties"].as_object();
    let described: BTreeSet<&str> = members
        .expect("members")
        .keys()
        .map(String::as_str)
        .collect();
    assert_eq!(names(PAGE, "| member | allowed values |"), described);
}

/// The file names in a list.
async fn listed(client: &Client, query: &str) -> Vec<Option<String>> {
    let answer = client.get(&format!("/v1/images?{query}")).await;
    assert_eq!(answer.status, StatusCode::OK, "{query}: {:?}", answer.body);
    let answer = answer.json();
    let items = answer["items"].as_array().expect("items").iter();
    items
        .map(|item| item["filename"].as_str().map(str::to_owned))
        .collect()
}

#[tokio::test]
async fn times_are_bounds_that_do_not_match_and_sizes_are_bounds_that_do() {
    let client = Client::new();
    client.upload(&testing::png_of_size(200)).await;
    let now = "2027-01-15T08:00:00.000Z";
    for (query, is_found) in [
        (format!("created_after={now}"), false),
        (format!("created_before={now}"), false),
        ("created_after=2027-01-15T07:59:59.999Z".to_owned(), true),
        ("created_before=2027-01-15T08:00:00.001Z".to_owned(), true),
        (
            "created_before=2027-01-15T09:00:00.001%2B01:00".to_owned(),
            true,
        ),
        ("min_width=1&max_width=1".to_owned(), true),
        ("min_height=1&max_height=1".to_owned(), true),
        ("min_size=200&max_size=200".to_owned(), true),
        ("min_size=201".to_owned(), false),
        ("max_size=199".to_owned(), false),
    ] {
        let found = listed(&client, &query).await;
        assert_eq!(found.len(), usize::from(is_found), "{query}");
    }
}

#[tokio::test]
async fn names_are_found_by_their_parts_and_sorted_by_code_point() {
    let client = Client::new();
    let file = testing::png(1, 1);
    for name in ["Zebra.png", "ant.png", "Äpfel.png"] {
        let part = format!("name=\"file\"; filename=\"{name}\"");
        post(&client, &[(&part, &file)]).await;
    }
    client.upload(&file).await;
    let names = |names: &[&str]| -> Vec<Option<String>> {
        names.iter().map(|name| Some((*name).to_owned())).collect()
    };
    for (text, found) in [
        ("ZEB", &["Zebra.png"][..]),
        ("%C3%84PF", &["Äpfel.png"]),
        ("%C3%A4pf", &[]),
    ] {
        assert_eq!(
            listed(&client, &format!("filename={text}")).await,
            names(found),
            "{text}"
        );
    }
    let sorted = names(&["Zebra.png", "ant.png", "Äpfel.png"]);
    assert_eq!(
        listed(&client, "sort=filename").await,
        [&[None], &sorted[..]].concat()
    );
}

#[tokio::test]
async fn a_walk_may_change_its_limit_and_nothing_else() {
    let client = Client::new();
    for width in 1..=5 {
        client.upload(&testing::png(width, 1)).await;
    }
    let first = client.get("/v1/images?limit=1&min_width=1").await.json();
    let cursor = first["next_cursor"].as_str().expect("a cursor");
    let rest = client
        .get(&format!("/v1/images?limit=9&min_width=1&cursor={cursor}"))
        .await;
    assert_eq!(rest.json()["items"].as_array().map(Vec::len), Some(4));
    for other in ["min_width=2", "min_width=1&sort=size", ""] {
        let refused = client
            .get(&format!("/v1/images?{other}&cursor={cursor}"))
            .await;
        refused.is_problem(400, "bad-request");
        assert_eq!(refused.json()["parameter"], "cursor", "{other}");
    }
}

#[tokio::test]
async fn a_repeat_may_have_another_token_and_its_links_begin_with_the_current_base_url() {
    let client = Client::new();
    let moved = client.beside(&[("public_base_url", "https://images.example")]);
    let upload = |scope: &str| {
        let mut upload = by(scope, Method::POST, "/v1/images");
        *upload.body_mut() = Body::from(testing::png(1, 1));
        let key = HeaderValue::from_static("\"k\"");
        upload.headers_mut().insert("idempotency-key", key);
        upload
    };
    let first = client.send(upload("images:write")).await;
    assert_eq!(first.status, StatusCode::CREATED);
    let second = client.send(upload("images:write images:read")).await;
    assert_eq!((second.status, &second.body), (first.status, &first.body));
    let later = moved.send(upload("images:write")).await.json();
    assert_eq!(later["id"], first.json()["id"]);
    let link = later["links"]["self"].as_str().expect("a link");
    assert!(
        link.starts_with("https://images.example/v1/images/"),
        "{link}"
    );
    // A repeat must be a request that would be accepted now.
    let narrow = client.beside(&[("max_upload_bytes", "10")]);
    let refused = narrow.send(upload("images:write")).await;
    refused.is_problem(413, "too-large");
}
