//! The beginning of the page: the first requests that anybody makes.

use crate::openapi::markup::{escape, prose};

/// The steps: what each is for, and its commands. A test runs all of them in order.
const STEPS: [(&str, &str); 5] = [
    (
        "Get a token. Your backend signs tokens with any library for JWTs; on the command line, \
         `darkroom token` does.",
        "TOKEN=$(darkroom token --sub alice)",
    ),
    (
        "Upload an image. The answer is the image object, which begins with the `id`.",
        "curl -F file=@cat.jpg -H \"Authorization: Bearer $TOKEN\" \\\n     \
         http://127.0.0.1:3000/v1/images | tee cat.json\n\
         ID=$(sed 's/.*\"id\":\"\\([^\"]*\\)\".*/\\1/' cat.json)",
    ),
    (
        "Download it.",
        "curl -o copy.jpg -H \"Authorization: Bearer $TOKEN\" \
         http://127.0.0.1:3000/v1/images/$ID/content",
    ),
    (
        "Make a link that anybody can open for an hour.",
        "curl -d '{\"expires_in\": 3600}' -H 'Content-Type: application/json' \\\n     \
         -H \"Authorization: Bearer $TOKEN\" http://127.0.0.1:3000/v1/images/$ID/links",
    ),
    (
        "Let a browser upload one file without a token: your backend requests an upload ticket, and \
         the browser sends the file to its `upload_url`.",
        "curl -d '{\"expires_in\": 600, \"max_bytes\": 5000000}' \\\n     \
         -H 'Content-Type: application/json' -H \"Authorization: Bearer $TOKEN\" \\\n     \
         http://127.0.0.1:3000/v1/upload-tickets",
    ),
];

/// The section.
pub(super) fn section() -> String {
    let steps = STEPS.iter().map(|(purpose, commands)| {
        format!(
            "<li><p>{}</p>\n<pre><code>{}</code></pre></li>\n",
            prose(purpose),
            escape(commands)
        )
    });
    format!(
        "<section id=\"start\">\n<h2>Quick start</h2>\n<ol>\n{}</ol>\n</section>\n",
        steps.collect::<String>()
    )
}
