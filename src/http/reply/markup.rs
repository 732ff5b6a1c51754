//! HTML without external resources: the frame of a page, and text as markup.
//! `cargo xtask openapi` includes this file to generate its page, so it must not use other
//! modules.

/// The style sheet. It is embedded in every page, so that a page needs only one request.
pub(crate) const STYLE: &str = include_str!("page.css");

/// The script of the page of the API: search, buttons that copy, and examples with the address of
/// the server. The page is complete without it.
pub(crate) const SCRIPT: &str = include_str!("page.js");

/// The icon of every page: a photograph in its frame.
const ICON: &str = "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' \
    viewBox='0 0 16 16'%3E%3Crect width='16' height='16' rx='3' fill='%231c2024'/%3E%3Ccircle cx='11' \
    cy='5' r='1.6' fill='%23ff8a80'/%3E%3Cpath d='M2 13l4-6 3 4 2-2 3 4z' fill='%23fff'/%3E%3C/svg%3E";

/// A complete page. `title` is text, `body` is HTML.
pub(crate) fn html(title: &str, body: &str) -> String {
    let title = escape(title);
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n<title>{title}</title>\n\
         <link rel=\"icon\" href=\"{ICON}\">\n<style>{STYLE}</style>\n</head>\n<body>\n{body}\n</body>\n</html>\n"
    )
}

/// Escapes text for HTML.
pub(crate) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            c => escaped.push(c),
        }
    }
    escaped
}

/// Escapes text for HTML, with words between backquotes as code.
pub(crate) fn prose(text: &str) -> String {
    let parts = text.split('`').enumerate();
    let parts = parts.map(|(place, part)| match place % 2 {
        0 => escape(part),
        _ => format!("<code>{}</code>", escape(part)),
    });
    parts.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_escaped() {
        assert_eq!(
            escape("<a href=\"x\">&'"),
            "&lt;a href=&quot;x&quot;&gt;&amp;&#39;"
        );
        assert_eq!(
            prose("send `<b>` & wait"),
            "send <code>&lt;b&gt;</code> &amp; wait"
        );
    }

    #[test]
    fn the_style_sheet_and_the_script_have_no_end_tags_and_load_nothing() {
        for word in ["</", "@import", "url(", "fetch", "XMLHttp", "src"] {
            assert!(!STYLE.contains(word) && !SCRIPT.contains(word), "{word}");
        }
    }
}
