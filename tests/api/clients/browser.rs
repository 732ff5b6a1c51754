//! The page of the API in a browser: it fits every screen, and its script does what it should.

use std::process::Output;

use serde_json::{Value, json};

use crate::support::{ALL_SCOPES, Darkroom, Program, fixture, peer, token, unique};

/// Prints the document that a browser, started with these options, has made of a page, after the
/// page's scripts have run.
pub(crate) fn rendered(chromium: &Program, options: &[String], url: &str) -> String {
    let always = [
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-dev-shm-usage",
        "--allow-file-access-from-files",
        "--virtual-time-budget=20000",
        "--dump-dom",
    ];
    let options = options.iter().map(String::as_str);
    let arguments: Vec<&str> = always.into_iter().chain(options).chain([url]).collect();
    let Output { stdout, stderr, .. } = chromium.run(&arguments);
    let document = String::from_utf8_lossy(&stdout).into_owned();
    let errors = String::from_utf8_lossy(&stderr);
    assert!(document.contains("</html>"), "{document}\n{errors}");
    document
}

/// The page of a server.
async fn page(darkroom: &Darkroom) -> String {
    let page = darkroom.anonymous().get("/docs").await;
    page.text().await.expect("a page")
}

/// Shows the page in frames of several widths, uses it, and writes what it sees as JSON.
const FRAMES: &str = r#"<!doctype html><html><body><pre></pre><script>
const widths = [320, 390, 768, 1024, 1280];
const look = (width) => new Promise((resolve) => {
  const frame = document.createElement("iframe");
  frame.style = `width:${width}px;height:800px;border:0`;
  frame.onload = () => {
    const page = frame.contentDocument;
    const root = page.documentElement;
    const contents = page.querySelector("nav details");
    const visible = () => [...page.querySelectorAll("nav li")].filter((entry) => !entry.hidden).length;
    const seen = { width, overflow: root.scrollWidth - root.clientWidth, open: contents.open };
    contents.open = true;
    seen.overflow_of_contents = root.scrollWidth - root.clientWidth;
    seen.contents_first = contents.getBoundingClientRect().top
      <= page.querySelector("h1").getBoundingClientRect().top;
    frame.contentWindow.scrollTo(0, 5000);
    const top = page.querySelector("nav").getBoundingClientRect().top;
    seen.reachable = top >= 0 && top < 100;
    const all = visible();
    const search = page.querySelector("nav input");
    search.value = "signed url";
    search.dispatchEvent(new Event("input"));
    seen.found = visible() > 0 && visible() < all;
    search.value = "no such words at all";
    search.dispatchEvent(new Event("input"));
    seen.says_that_nothing_was_found = visible() === 0 && !page.querySelector("nav .none").hidden;
    seen.examples = page.querySelectorAll("pre").length
      === page.querySelectorAll(".example button").length;
    resolve(seen);
  };
  frame.src = "docs.html";
  document.body.append(frame);
});
Promise.all(widths.map(look)).then((seen) => {
  document.querySelector("pre").textContent = `SEEN${JSON.stringify(seen)}SEEN`;
});
</script></body></html>"#;

#[tokio::test]
async fn the_page_of_the_api_fits_phones_and_desks() {
    let Some(chromium) = Program::find("DARKROOM_TEST_CHROMIUM") else {
        return;
    };
    // From a file, because the page itself does not allow to be framed.
    chromium.write("docs.html", page(&Darkroom::shared()).await.as_bytes());
    chromium.write("frames.html", FRAMES.as_bytes());
    let url = format!("file://{}", chromium.file("frames.html").display());
    let document = rendered(&chromium, &[], &url);
    let seen = document.split("SEEN").nth(1).expect("a result");
    let seen: Vec<Value> = serde_json::from_str(seen).expect("JSON");
    assert_eq!(seen.len(), 5);
    for seen in seen {
        let width = seen["width"].as_u64().expect("a width");
        let expected = json!({
            "width": width, "overflow": 0, "overflow_of_contents": 0, "open": width >= 1024,
            "contents_first": true, "reachable": true, "found": true,
            "says_that_nothing_was_found": true, "examples": true,
        });
        assert_eq!(seen, expected);
    }
}

#[tokio::test]
async fn examples_have_the_address_at_which_the_page_was_reached() {
    let Some(chromium) = Program::find("DARKROOM_TEST_CHROMIUM") else {
        return;
    };
    let darkroom = Darkroom::shared();
    let served = page(&darkroom).await;
    assert!(served.contains("http://127.0.0.1:3000/v1/images"));
    // The script runs only if the policy of the page has its hash.
    let address = darkroom.address().replace("127.0.0.1", "localhost");
    let document = rendered(&chromium, &[], &format!("{address}/docs"));
    let example = format!("{address}/v1/images");
    assert!(document.matches(&example).count() > 10, "{example}");
    // Only the script itself still has the default address.
    assert_eq!(document.matches("http://127.0.0.1:3000").count(), 1);
    assert!(document.contains(">Copy</button>"));
}

/// The commands of the quick start of the page.
fn quick_start(page: &str) -> String {
    let (_, section) = page.split_once("<section id=\"start\">").expect("a start");
    let (section, _) = section.split_once("</section>").expect("its end");
    let blocks = section.split("<pre><code>").skip(1);
    let blocks = blocks.map(|block| block.split("</code>").next().expect("its end"));
    let text = blocks.collect::<Vec<_>>().join("\n");
    let entities = [
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&quot;", "\""),
        ("&#39;", "'"),
    ];
    let text = entities
        .iter()
        .fold(text, |text, (entity, plain)| text.replace(entity, plain));
    text.replace("&amp;", "&")
}

#[tokio::test]
async fn the_quick_start_of_the_page_works_as_pasted() {
    if peer("DARKROOM_TEST_CURL").is_none() {
        return;
    }
    let darkroom = Darkroom::shared();
    let shell = Program::at("bash");
    shell.write("cat.jpg", fixture("grey.jpg").bytes);
    let token = token(&unique("alice"), ALL_SCOPES);
    let commands = quick_start(&page(&darkroom).await);
    // Only the key of the test's server differs.
    let own = "TOKEN=$(darkroom token --sub alice)";
    assert!(commands.contains(own), "{commands}");
    let commands = commands.replace(own, &format!("TOKEN={token}"));
    let commands = commands.replace("http://127.0.0.1:3000", darkroom.address());
    let commands = commands.replace("curl ", "curl -sS --fail-with-body ");
    let printed = shell.succeed(&["-euo", "pipefail", "-c", &commands]);
    assert!(shell.read("copy.jpg").starts_with(&[0xff, 0xd8]));
    for answer in ["\"url\":\"", "\"upload_url\":\""] {
        assert!(printed.contains(answer), "{printed}");
    }
}
