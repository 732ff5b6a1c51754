//! What requests cost of PostgreSQL, as docs/stores.md says it.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Client, Darkroom, Png, Postgres, content, path, send, spin_differs};

/// How often each request is repeated.
const TIMES: u32 = 10;

/// The rows of the table in docs/stores.md: the request, its round trips, and the bytes to and
/// from PostgreSQL.
fn documented() -> Vec<(String, [u64; 3])> {
    let page = include_str!("../../../docs/stores.md");
    let (_, table) = page
        .split_once("| request | round trips | bytes to PostgreSQL | bytes from PostgreSQL |")
        .expect("a table");
    let rows = table.lines().skip(2).take_while(|row| row.starts_with('|'));
    let row = |row: &str| {
        let cells: Vec<&str> = row.split('|').map(str::trim).collect();
        let numbers = [2, 3, 4].map(|at| cells[at].replace(',', "").parse().expect("a number"));
        (cells[1].to_owned(), numbers)
    };
    rows.map(row).collect()
}

struct Meter<'a> {
    postgres: &'a Postgres,
    measured: Vec<(String, [u64; 3])>,
}

impl Meter<'_> {
    /// Measures a request, which is repeated.
    async fn measure(&mut self, name: &str, request: impl AsyncFn(u32)) {
        // An instance that has just started opens its stores.
        request(0).await;
        let before = self.postgres.gate().passed();
        for number in 1..=TIMES {
            request(number).await;
        }
        let after = self.postgres.gate().passed();
        let each = |before: u64, after: u64| (after - before).div_ceil(u64::from(TIMES));
        let costs = [
            each(before.round_trips, after.round_trips),
            each(before.sent, after.sent),
            each(before.received, after.received),
        ];
        self.measured.push((name.to_owned(), costs));
    }
}

async fn get(client: &Client, path: &str, status: u16) {
    let response = client.get(path).await;
    assert_eq!(response.status(), status, "{path}");
    response.bytes().await.expect("all bytes");
}

#[tokio::test]
async fn requests_cost_the_documented_round_trips() {
    if spin_differs("it prepares each statement") {
        return;
    }
    let Some(postgres) = Postgres::start() else {
        return;
    };
    // One instance for all requests, which sweeps nothing meanwhile.
    let setup = Darkroom::with().catalog_in(&postgres);
    let setup = setup
        .flag("--idle-instance-timeout=60s")
        .flag("--max-instance-reuse-count=10000");
    let darkroom = setup.start();
    let (alice, anonymous) = (darkroom.client("alice"), darkroom.anonymous());
    let image = alice.upload(Png::of_size(3000).bytes()).await;
    let mut others: Vec<Value> = Vec::new();
    for number in 0..50 {
        others.push(alice.upload(Png::of_size(4000 + number).bytes()).await);
    }
    let link = alice.url(&image).await;
    let terms = json!({"expires_in": 3600, "name": "a link"});
    let named = alice.link(&image, &terms).await;
    let named = named["url"].as_str().expect("a URL");
    let mut meter = Meter {
        postgres: &postgres,
        measured: Vec::new(),
    };
    measure_reads(&mut meter, [&alice, &anonymous], &image, [&link, named]).await;
    measure_changes(&mut meter, &alice, &image, &others).await;
    compare(&meter.measured, &documented());
}

async fn measure_reads(
    meter: &mut Meter<'_>,
    [alice, anonymous]: [&Client; 2],
    image: &Value,
    [link, named]: [&str; 2],
) {
    meter
        .measure("Download", async |_| get(alice, content(image), 200).await)
        .await;
    meter
        .measure("Download by a signed URL", async |_| {
            get(anonymous, link, 200).await
        })
        .await;
    meter
        .measure("Download by a named link", async |_| {
            get(anonymous, named, 200).await
        })
        .await;
    let derived = format!("{}?w=20", content(image));
    meter
        .measure("Derived image that is stored", async |_| {
            get(alice, &derived, 200).await
        })
        .await;
    meter
        .measure("Image object", async |_| get(alice, path(image), 200).await)
        .await;
    meter
        .measure("Page of 50 images", async |_| {
            get(alice, "/v1/images?limit=50", 200).await
        })
        .await;
}

async fn measure_changes(meter: &mut Meter<'_>, alice: &Client, image: &Value, others: &[Value]) {
    let new = |number: u32| Png::of_size(10_000 + usize::try_from(number).expect("small")).bytes();
    let upload = async |number| {
        alice.upload(new(number)).await;
    };
    meter.measure("Upload", upload).await;
    let keyed = async |number: u32| {
        let request = alice.post().header("idempotency-key", number.to_string());
        assert_eq!(send(request.body(new(100 + number))).await.status(), 201);
    };
    meter
        .measure("Upload with an `Idempotency-Key`", keyed)
        .await;
    let edit = async |number: u32| {
        let edit = json!({"tags": [number.to_string()]});
        assert_eq!(
            alice.json(Method::PATCH, path(image), &edit).await.status(),
            200
        );
    };
    meter.measure("Edit", edit).await;
    let delete = async |number: u32| {
        let image = &others[usize::try_from(number).expect("small")];
        assert_eq!(alice.delete(path(image)).await.status(), 204);
    };
    meter.measure("Deletion", delete).await;
}

/// Compares the costs with those that are documented.
fn compare(measured: &[(String, [u64; 3])], documented: &[(String, [u64; 3])]) {
    for (name, costs) in measured {
        println!("| {name} | {} | {} | {} |", costs[0], costs[1], costs[2]);
    }
    for (measured, documented) in measured.iter().zip(documented) {
        assert_eq!(
            (&measured.0, measured.1[0]),
            (&documented.0, documented.1[0])
        );
        for (found, said) in measured.1.iter().zip(documented.1) {
            assert!(
                found.abs_diff(said) * 5 <= said,
                "{}: {found}, not {said}",
                measured.0
            );
        }
    }
    assert_eq!(measured.len(), documented.len());
}
