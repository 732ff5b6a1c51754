//! The recipes of `docs/resumable.md`. The script of `browser` has those in JavaScript, `proxies` the
//! configurations, and `clients::docs` the commands.

use crate::support::{Png, Program};

use super::Stage;

#[test]
fn the_documented_recipes_are_the_tested_ones() {
    let document = include_str!("../../../docs/resumable.md");
    for (language, recipe) in [
        ("js", include_str!("../../recipes/upload_tus.mjs")),
        ("js", include_str!("../../recipes/upload_uppy.mjs")),
        ("python", include_str!("../../recipes/upload_tuspy.py")),
        ("nginx", include_str!("../../recipes/nginx-resumable.conf")),
        ("caddyfile", include_str!("../../recipes/Caddyfile")),
    ] {
        let block = format!("```{language}\n{recipe}```\n");
        assert!(document.contains(&block), "{block}");
    }
}

#[tokio::test]
async fn the_recipe_in_python_works_as_pasted() {
    let Some(python) = Program::find("DARKROOM_TEST_PYTHON") else {
        return;
    };
    let stage = Stage::start();
    let file = Png::of_size(450_000).bytes();
    python.write("photo.jpg", &file);
    let recipe = include_str!("../../recipes/upload_tuspy.py");
    let address = stage.darkroom.address();
    let variables = [("DARKROOM_URL", address), ("TOKEN", &stage.token)];
    let output = python.run_with(&variables, &["-c", recipe]);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    let images = stage.holds_only(&[file]).await;
    let printed = String::from_utf8_lossy(&output.stdout);
    assert_eq!(printed.trim(), images[0]["links"]["self"]);
}
