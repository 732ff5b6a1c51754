//! Rate limits, on hosts that share their stores.

use crate::support::{Darkroom, content, fixture, header, problem};

#[tokio::test]
async fn hosts_on_the_same_stores_enforce_one_limit_together() {
    let limited = || {
        let setup = Darkroom::with().variable("rate_limit_requests", 6);
        setup.variable("rate_limit_bytes", 100_000_000)
    };
    let first = limited().start();
    let second = limited().on_stores_of(&first).start();
    let hosts = [first.client("alice"), second.client("alice")];
    let image = hosts[0].upload(fixture("still.gif").bytes).await;
    let (mut served, mut refused) = (1, 0);
    // At the same time, so that they take turns at the same row.
    let requests = (0..20).map(|number| hosts[number % 2].get("/v1/usage"));
    for answer in futures_util::future::join_all(requests).await {
        let policy = "\"requests\";q=6;w=60, \"bytes\";q=100000000;qu=\"content-bytes\";w=60";
        assert_eq!(header(&answer, "ratelimit-policy"), policy);
        match answer.status().as_u16() {
            200 => served += 1,
            429 => {
                let seconds: u64 = header(&answer, "retry-after").parse().expect("seconds");
                assert!((1..=10).contains(&seconds), "{seconds}");
                refused += 1;
                problem(answer, 429, "rate-limited").await;
            }
            other => panic!("{other}"),
        }
    }
    // A tenth of a minute gives back a request of six.
    assert!(
        (6..=8).contains(&served) && served + refused == 21,
        "{served}"
    );
    // Others go on, and so does everything that needs no token.
    assert_eq!(second.client("bob").get("/v1/usage").await.status(), 200);
    let admin = first.scoped("root", "admin");
    let url = format!("{}/links", image["links"]["self"].as_str().expect("a link"));
    let terms = serde_json::json!({"expires_in": 60});
    let link = admin.json(reqwest::Method::POST, &url, &terms).await;
    let link: serde_json::Value = link.json().await.expect("JSON");
    let link = link["url"].as_str().expect("a URL");
    for _ in 0..10 {
        assert_eq!(first.anonymous().get(link).await.status(), 200);
    }
    assert_eq!(admin.get(content(&image)).await.status(), 200);
}
