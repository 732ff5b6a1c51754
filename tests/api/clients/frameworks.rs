//! `docs/frameworks.md`: its code, run by the packages that it is for and in a browser. What it
//! asks for is requested from a server, and another decoder looks at it.

#[expect(unreachable_pub, reason = "an application would have it in a module")]
mod signed_url {
    include!("../../recipes/signed_url.rs");
}

use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::fs::symlink;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use reqwest::{Method, Url};
use serde_json::{Value, json};

use super::browser::rendered;
use crate::support::{Client, Darkroom, KEYS, Program, content, created, now, peer, send, unique};

const PAGE: &str = include_str!("../../../docs/frameworks.md");
const PRESETS: &str = r#"{"w384": {"w": 384, "format": "auto"}, "w640": {"w": 640, "format": "auto"},
 "w1080": {"w": 1080, "format": "auto"}, "w1920": {"w": 1920, "format": "auto"}}"#;
/// The size of the picture.
const SIZE: (u32, u32) = (1200, 800);

/// The blocks of the page that begin with the name of a file, by that name.
fn files() -> BTreeMap<&'static str, &'static str> {
    let blocks = PAGE.split("\n```").skip(1).step_by(2);
    let named = blocks.filter_map(|block| {
        let (_, code) = block.split_once('\n')?;
        let (first, _) = code.split_once('\n')?;
        let name = first
            .strip_prefix("// ")
            .or_else(|| first.strip_prefix("# "))?;
        name.contains('.').then_some((name, code))
    });
    named.collect()
}

/// A server that serves any width of public images, and two images on it.
struct Stage {
    darkroom: Darkroom,
    alice: Client,
    open: Value,
    closed: Value,
    python: Program,
}

impl Stage {
    async fn new() -> Option<Self> {
        let python = Program::find("DARKROOM_TEST_PYTHON")?;
        let (width, height) = SIZE;
        let make = format!(
            "from PIL import Image\n\
             Image.effect_mandelbrot(({width}, {height}), (-2, -1, 1, 1), 60).save('cat.jpg')"
        );
        python.succeed(&["-c", &make]);
        let darkroom = Darkroom::with()
            .variable("transform_policy", "any")
            .variable("snap_widths", "on")
            .variable("presets", PRESETS)
            .start();
        let alice = darkroom.client(&unique("alice"));
        let closed = alice.upload(python.read("cat.jpg")).await;
        let form = reqwest::multipart::Form::new().text("visibility", "public");
        let part = reqwest::multipart::Part::bytes(python.read("cat.jpg")).file_name("cat.jpg");
        let open = created(send(alice.post().multipart(form.part("file", part))).await).await;
        Some(Self {
            darkroom,
            alice,
            open,
            closed,
            python,
        })
    }

    /// What the code of the page makes of the images, in the frameworks.
    async fn attributes(&self) -> Option<Value> {
        let modules = peer("DARKROOM_TEST_NODE_MODULES")?;
        let node = Program::at("node");
        symlink(&modules, node.file("node_modules")).expect("a link");
        let app = node.file("app");
        std::fs::create_dir_all(app.join("app/providers")).expect("a folder");
        let parts = modules.with_file_name("node_parts").join("node_modules");
        symlink(parts, app.join("node_modules")).expect("a link");
        for (name, code) in files() {
            // The whole of that module needs a bundler.
            let part = "../../node_modules/@nuxt/image/dist/runtime/utils/provider.js";
            let code = code.replace("@nuxt/image/runtime", part);
            node.write(&format!("app/{name}"), code.as_bytes());
        }
        let limits = self.darkroom.anonymous().get("/v1/limits").await;
        let limits: Value = limits.json().await.expect("JSON");
        let stage = json!({"open": self.open, "closed": self.closed, "limits": limits});
        node.write("app/stage.json", stage.to_string().as_bytes());
        let script = include_bytes!("../../clients/frameworks.mjs");
        node.write("app/main.mjs", script);
        let printed = node.succeed(&["app/main.mjs", self.darkroom.address(), KEYS]);
        Some(serde_json::from_str(&printed).expect("JSON"))
    }

    fn url(&self, reference: &str) -> Url {
        let base: Url = self.darkroom.address().parse().expect("a URL");
        base.join(reference).expect("a URL")
    }

    /// Downloads each URL without a token, as a browser that knows WebP.
    async fn download(&self, urls: &BTreeSet<Url>) -> Vec<(String, u32, u32)> {
        let anybody = self.darkroom.anonymous();
        for (at, url) in urls.iter().enumerate() {
            let address = self.darkroom.address();
            let path = url.as_str().strip_prefix(address).expect("of the server");
            let request = anybody.request(Method::GET, path);
            let response = send(request.header("accept", "image/webp,*/*;q=0.8")).await;
            assert_eq!(response.status(), 200, "{url}");
            if url.as_str().contains("format=auto") || url.as_str().contains("preset") {
                let vary = response.headers().get_all("vary").iter();
                let vary: Vec<&str> = vary.filter_map(|value| value.to_str().ok()).collect();
                assert!(vary.contains(&"Accept"), "{url}: {vary:?}");
            }
            let bytes = response.bytes().await.expect("a whole body");
            self.python.write(&format!("{at}"), &bytes);
        }
        let look = format!(
            "import json\nfrom PIL import Image\n\
             images = [Image.open(str(at)) for at in range({})]\n\
             [image.load() for image in images]\n\
             print(json.dumps([[image.format, *image.size] for image in images]))",
            urls.len()
        );
        serde_json::from_str(&self.python.succeed(&["-c", &look])).expect("JSON")
    }
}

/// The entries of a `srcset`: URLs and descriptors.
fn entries(srcset: &str) -> impl Iterator<Item = (&str, &str)> {
    let entries = srcset.split(",\n").flat_map(|part| part.split(", "));
    let entries = entries.filter(|entry| !entry.is_empty());
    entries.map(|entry| entry.split_once(' ').expect("a descriptor"))
}

/// The parameter of this name in the query of a URL, as a number.
fn number(url: &Url, name: &str) -> Option<u32> {
    let mut pairs = url.query_pairs();
    let (_, value) = pairs.find(|(other, _)| other == name)?;
    value.trim_start_matches('w').parse().ok()
}

/// `side × numerator / denominator`, rounded.
fn in_proportion(side: u32, numerator: u32, denominator: u32) -> u32 {
    (2 * side * numerator + denominator) / (2 * denominator)
}

/// The size of the image at a URL: the width on the ladder, no larger than the picture unless it
/// fills a box.
fn expected(url: &Url) -> (u32, u32) {
    const LADDER: [u32; 16] = [
        16, 32, 48, 64, 96, 128, 256, 384, 640, 750, 828, 1080, 1200, 1920, 2048, 3840,
    ];
    let width = number(url, "w").or_else(|| number(url, "preset"));
    let Some(width) = width else { return SIZE };
    let mut steps = LADDER.into_iter();
    let step = steps.find(|step| *step >= width).unwrap_or(3840);
    match number(url, "h") {
        Some(height) => (step, in_proportion(height, step, width)),
        None => (
            step.min(SIZE.0),
            in_proportion(SIZE.1, step.min(SIZE.0), SIZE.0),
        ),
    }
}

#[tokio::test]
async fn what_the_loaders_of_frameworks_ask_for_is_what_they_get() {
    let Some(stage) = Stage::new().await else {
        return;
    };
    let Some(attributes) = stage.attributes().await else {
        return;
    };
    let mut urls = BTreeSet::new();
    for (name, attributes) in attributes.as_object().expect("an object") {
        let src = attributes["src"].as_str();
        let srcset = attributes["srcset"].as_str().unwrap_or_default();
        let listed = entries(srcset).map(|(url, _)| url);
        let before = urls.len();
        urls.extend(src.into_iter().chain(listed).map(|url| stage.url(url)));
        assert!(
            urls.len() > before || name == "html",
            "{name}: {attributes}"
        );
    }
    let seen = stage.download(&urls).await;
    assert_eq!(seen.len(), urls.len());
    for (url, (format, width, height)) in urls.iter().zip(&seen) {
        assert_eq!((*width, *height), expected(url), "{url}");
        let named = url.query_pairs().find(|(name, _)| name == "format");
        let named = named.map_or("WEBP".to_owned(), |(_, value)| value.to_uppercase());
        assert_eq!(*format, named.replace("AUTO", "WEBP"), "{url}");
    }
    // However many widths are asked for, few images are made.
    let distinct: BTreeSet<_> = seen.iter().collect();
    assert!(urls.len() > 30 && distinct.len() < 25, "{distinct:?}");

    // What the markup says is what a browser gets, except that nothing is enlarged.
    for name in ["plain", "signed", "next", "nuxt"] {
        let srcset = attributes[name]["srcset"].as_str().expect("a srcset");
        for (url, descriptor) in entries(srcset) {
            let width = descriptor.strip_suffix('w').map(str::parse::<u32>);
            let width = width.and_then(Result::ok).expect("a width");
            let (got, _) = expected(&stage.url(url));
            assert!(got >= width.min(SIZE.0), "{name}: {url}");
            assert!(name == "nuxt" || got == width.min(SIZE.0), "{name}: {url}");
        }
    }
}

#[tokio::test]
async fn private_images_are_shown_by_signed_urls_of_every_way() {
    let Some(stage) = Stage::new().await else {
        return;
    };
    let path = content(&stage.closed);
    let terms = json!({
        "expires_in": 600, "widths": [320, 640, 4000],
        "transform": {"w": 3, "h": 1, "fit": "crop", "format": "png"},
    });
    let link = stage.alice.link(&stage.closed, &terms).await;
    let of_the_api = link["srcset"].as_str().expect("a srcset").to_owned();

    let recipe = include_bytes!("../../recipes/sign_link.py");
    stage.python.write("sign_link.py", recipe);
    let code = files()["signed_srcset.py"];
    stage.python.write("signed_srcset.py", code.as_bytes());
    stage
        .python
        .write("image.json", stage.closed.to_string().as_bytes());
    let call = "import json, signed_srcset\n\
                image = json.load(open('image.json'))\n\
                print(signed_srcset.signed_srcset('KEY', image, [384, 640, 9999]))";
    let of_python = stage.python.succeed(&["-c", &call.replace("KEY", KEYS)]);

    let (kid, secret) = KEYS.split_once(':').expect("a key");
    let secret = URL_SAFE_NO_PAD.decode(secret).expect("base64url");
    let parameters = [("w", "640"), ("format", "png")];
    let of_rust = signed_url::signed_url(kid, &secret, path, &parameters, now() + 600);

    for (srcset, widths) in [
        (of_the_api.as_str(), &[384, 640, 1200][..]),
        (of_python.trim(), &[384, 640, 1200]),
        (format!("{of_rust} 640w").as_str(), &[640]),
    ] {
        let listed: Vec<(&str, &str)> = entries(srcset).collect();
        let descriptors: Vec<String> = widths.iter().map(|width| format!("{width}w")).collect();
        let found: Vec<&str> = listed.iter().map(|(_, descriptor)| *descriptor).collect();
        assert_eq!(found, descriptors, "{srcset}");
        for (url, descriptor) in listed {
            let url = stage.url(url);
            let seen = stage.download(&BTreeSet::from([url.clone()])).await;
            let (_, width, height) = &seen[0];
            assert_eq!(format!("{width}w"), descriptor, "{url}");
            if number(&url, "h").is_some() {
                assert_eq!(*height, width / 3, "{url}");
            }
        }
    }
}

#[test]
fn the_recipe_in_rust_is_that_of_the_page() {
    let recipe = include_str!("../../recipes/signed_url.rs");
    assert!(
        PAGE.contains(&format!("```rust\n{recipe}```\n")),
        "{recipe}"
    );
    // The presets of the tests, too.
    assert!(PAGE.contains(&format!("```json\n{PRESETS}\n```\n")));
}

/// Writes which images a browser has loaded, and how large they are.
const SEEN: &str = r#"<pre></pre><script>
addEventListener("load", async () => {
  const image = document.querySelector("img");
  const loaded = new Image();
  await new Promise((resolve) => {
    loaded.onload = resolve;
    loaded.src = image.currentSrc;
  });
  const seen = {
    viewport: innerWidth, ratio: devicePixelRatio, source: image.currentSrc,
    displayed: image.clientWidth, natural: image.naturalWidth, pixels: loaded.naturalWidth,
  };
  document.querySelector("pre").textContent = `SEEN${JSON.stringify(seen)}SEEN`;
});
</script>"#;

#[tokio::test]
async fn a_browser_loads_the_width_that_fits_its_window_and_screen() {
    let Some(chromium) = Program::find("DARKROOM_TEST_CHROMIUM") else {
        return;
    };
    let Some(stage) = Stage::new().await else {
        return;
    };
    let Some(attributes) = stage.attributes().await else {
        return;
    };
    let html = attributes["html"].as_str().expect("HTML");
    let images = format!("{}/v1/images", stage.darkroom.address());
    let html = html
        .replace("/v1/images", &images)
        .replace("loading=\"lazy\"", "");
    let page = format!("<!doctype html><body style=\"margin: 0\">{html}{SEEN}</body></html>");
    chromium.write("page.html", page.as_bytes());
    let url = format!("file://{}", chromium.file("page.html").display());
    for (window, ratio) in [(700, 1), (1000, 1), (700, 2), (1000, 2)] {
        let options = [
            format!("--window-size={window},700"),
            format!("--force-device-scale-factor={ratio}"),
        ];
        let document = rendered(&chromium, &options, &url);
        let seen = document.split("SEEN").nth(1).expect("a result");
        let seen: Value = serde_json::from_str(seen).expect("JSON");
        assert_eq!(seen["ratio"], ratio, "{seen}");
        let viewport = seen["viewport"].as_u64().expect("a width");
        assert_eq!(viewport, window, "{seen}");
        // Half the window, in pixels of the screen, and the next width of the ladder.
        let needed = viewport / 2 * ratio;
        let steps = [384, 640, 750, 828, 1080, 1200];
        let step = steps.into_iter().find(|step| *step >= needed);
        let step = step.expect("a width");
        let source = seen["source"].as_str().expect("a URL");
        assert!(source.contains(&format!("w={step}&")), "{seen}");
        assert_eq!(seen["pixels"], step, "{seen}");
        assert_eq!(seen["natural"], viewport / 2, "{seen}");
    }
}
