//! HTML without scripts and external resources: the frame of a page, and text as markup.
//! `cargo xtask openapi` includes this file to generate its page, so it must not use other
//! modules.

/// The style sheet. It is embedded in every page, so that a page needs only one request.
pub(crate) const STYLE: &str = include_str!("page.css");

/// A complete page. `title` is text, `body` is HTML.
pub(crate) fn html(title: &str, body: &str) -> String {
    let title = escape(title);
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n<title>{title}</title>\n\
         <style>{STYLE}</style>\n</head>\n<body>\n{body}\n</body>\n</html>\n"
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
    fn the_style_sheet_has_no_end_tags_and_loads_nothing() {
        for word in ["</", "@import", "url("] {
            assert!(!STYLE.contains(word), "{word}");
        }
    }
}
