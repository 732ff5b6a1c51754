//! The IIIF Image API, judged by the validator of IIIF and by a viewer that zooms.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::browser::rendered;
use crate::support::{ALL_SCOPES, Darkroom, Program, peer, token, unique};

#[tokio::test]
async fn the_validator_of_iiif_finds_level_2() {
    let Some(python) = Program::find("DARKROOM_TEST_PYTHON") else {
        return;
    };
    let darkroom = Darkroom::with().variable("transform_policy", "any").start();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/clients/with_iiif_validator.py");
    let script = script.display().to_string();
    let token = token(&unique("alice"), ALL_SCOPES);
    let printed = python.succeed(&[&script, darkroom.address(), &token]);
    assert!(printed.matches("PASS").count() > 30, "{printed}");
}

/// Makes a JPEG of 24 megapixels, whose colours say where they are.
const PICTURE: &str = "
from PIL import Image
across = Image.linear_gradient('L').rotate(90).resize((6000, 4000))
down = Image.linear_gradient('L').resize((6000, 4000))
Image.merge('RGB', (across, down, Image.new('L', (6000, 4000), 90))).save('picture.jpg', quality=90)
";

/// Zooms from the whole picture to single pixels, and writes what it sees as JSON.
const VIEWER: &str = r#"<!doctype html><html><body style="margin:0"><div id="viewer"
style="width:800px;height:600px;background:#fff"></div><pre></pre>
<script>
// Frames, which a browser without a screen does not always ask for.
window.requestAnimationFrame = (draw) => setTimeout(() => draw(performance.now()), 10);
</script><script src="openseadragon.js"></script><script>
const viewer = OpenSeadragon({
  id: "viewer", tileSources: "INFORMATION", drawer: "canvas", crossOriginPolicy: "Anonymous",
  showNavigationControl: false, animationTime: 0, blendTime: 0, immediateRender: true,
});
const levels = {}, failed = [], seen = [];
viewer.addHandler("tile-loaded", ({ tile }) => { levels[tile.level] = (levels[tile.level] ?? 0) + 1; });
viewer.addHandler("tile-load-failed", ({ tile, message }) => failed.push(`${tile.getUrl()}: ${message}`));
viewer.addHandler("open-failed", ({ message }) => finish({ failed: [message] }));
const finish = (result) => {
  document.querySelector("pre").textContent = `SEEN${JSON.stringify(result)}SEEN`;
};
const pause = (time) => new Promise((resolve) => setTimeout(resolve, time));
const loaded = async () => {
  for (let round = 0; round < 400; round++) {
    viewer.forceRedraw();
    await pause(50);
    if (round > 3 && viewer.world.getItemAt(0).getFullyLoaded()) return;
  }
};
const look = (x, y) => {
  const at = viewer.viewport.imageToViewerElementCoordinates(new OpenSeadragon.Point(x, y));
  const ratio = OpenSeadragon.pixelDensityRatio;
  const canvas = viewer.drawer.canvas.getContext("2d");
  const pixel = canvas.getImageData(Math.round(at.x * ratio), Math.round(at.y * ratio), 1, 1);
  seen.push({ x, y, colour: [...pixel.data] });
};
viewer.addHandler("open", async () => {
  await loaded();
  for (const x of [500, 3000, 5500]) for (const y of [500, 2000, 3500]) look(x, y);
  for (const [zoom, x, y] of [[0.25, 1500, 1000], [0.5, 4500, 3000], [1, 5800, 3800], [1, 300, 200]]) {
    viewer.viewport.zoomTo(viewer.viewport.imageToViewportZoom(zoom), null, true);
    const centre = viewer.viewport.imageToViewportCoordinates(x, y);
    viewer.viewport.panTo(centre, true);
    await loaded();
    for (const by of [-60, 0, 60]) look(x + by, y + by);
  }
  finish({ levels, failed, seen });
});
</script></body></html>"#;

/// OpenSeadragon, if it is installed.
fn openseadragon() -> Option<Vec<u8>> {
    let modules: PathBuf = peer("DARKROOM_TEST_NODE_MODULES")?;
    let file = modules.join("openseadragon/build/openseadragon/openseadragon.min.js");
    Some(std::fs::read(file).expect("the viewer"))
}

#[tokio::test]
async fn a_viewer_zooms_into_a_private_image_by_a_link() {
    let (Some(chromium), Some(python), Some(viewer)) = (
        Program::find("DARKROOM_TEST_CHROMIUM"),
        Program::find("DARKROOM_TEST_PYTHON"),
        openseadragon(),
    ) else {
        return;
    };
    python.succeed(&["-c", PICTURE]);
    let darkroom = Darkroom::shared();
    let alice = darkroom.client(&unique("alice"));
    let image = alice.upload(python.read("picture.jpg")).await;
    let link = alice
        .link(&image, &json!({"expires_in": 300, "iiif": true}))
        .await;
    let url = format!(
        "{}{}",
        darkroom.address(),
        link["url"].as_str().expect("a URL")
    );
    chromium.write("openseadragon.js", &viewer);
    chromium.write(
        "viewer.html",
        VIEWER.replace("INFORMATION", &url).as_bytes(),
    );
    let page = format!("file://{}", chromium.file("viewer.html").display());
    let document = tokio::task::spawn_blocking(move || rendered(&chromium, &[], &page));
    let document = document.await.expect("a document");
    let seen = document.split("SEEN").nth(1).expect("a result");
    let seen: Value = serde_json::from_str(seen).expect("JSON");
    assert_eq!(seen["failed"], json!([]));
    // Tiles of the picture at 1/8, 1/4, 1/2 and its full size.
    let levels = seen["levels"].as_object().expect("levels");
    assert!(levels.len() >= 4, "{levels:?}");
    let tiles: u64 = levels.values().filter_map(Value::as_u64).sum();
    assert!(tiles >= 10, "{levels:?}");
    let looks = seen["seen"].as_array().expect("pixels");
    assert_eq!(looks.len(), 9 + 4 * 3);
    for look in looks {
        check_colour(look);
    }
}

/// Compares a pixel of the viewer with the colour of the picture there.
#[track_caller]
fn check_colour(look: &Value) {
    let (x, y) = (&look["x"], &look["y"]);
    let share = |at: &Value, side: f64| at.as_f64().expect("a place") / side * 255.0;
    let expected = [share(x, 6000.0), share(y, 4000.0), 90.0, 255.0];
    let colour = look["colour"].as_array().expect("a colour");
    for (channel, expected) in colour.iter().zip(expected) {
        let off = channel.as_f64().expect("a sample") - expected;
        assert!(off.abs() < 8.0, "{look}: {expected:.0} is expected");
    }
}
