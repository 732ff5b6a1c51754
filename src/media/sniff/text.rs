//! Markup and plain text.

use super::Sniff;

/// The number of bytes in which markup has to begin, and which have to be text.
const HEAD: usize = 4096;

const SVG: &str = "image/svg+xml";
const HTML: &str = "text/html";
const XML: &str = "application/xml";
const PLAIN: &str = "text/plain";

/// Determines the type of a file that has no known signature. `ended` is whether there are no
/// more bytes than these.
pub(super) fn sniff(bytes: &[u8], ended: bool) -> Sniff {
    let head = bytes.get(..HEAD).unwrap_or(bytes);
    let (text, continues) = beginning(head);
    let text = text.trim_start_matches('\u{FEFF}').trim_ascii_start();
    if let Some(media_type) = markup(text) {
        return Sniff::Other(Some(media_type));
    }
    if !continues {
        return Sniff::Other(None);
    }
    if head.len() < HEAD && !ended {
        return Sniff::Need(HEAD);
    }
    let is_xml = text.starts_with("<?xml");
    Sniff::Other(Some(if is_xml { XML } else { PLAIN }))
}

/// The text that bytes begin with: UTF-8 without control characters. And whether nothing else
/// follows it.
fn beginning(bytes: &[u8]) -> (&str, bool) {
    let (text, continues) = match std::str::from_utf8(bytes) {
        Ok(text) => (text, true),
        Err(error) => {
            let text = bytes.get(..error.valid_up_to()).unwrap_or_default();
            // The last character may be cut.
            let is_cut = error.error_len().is_none();
            (std::str::from_utf8(text).unwrap_or_default(), is_cut)
        }
    };
    let is_control = |c: char| c.is_ascii_control() && !"\t\n\x0C\r\x1B".contains(c);
    match text.split_once(is_control) {
        Some((text, _)) => (text, false),
        None => (text, continues),
    }
}

/// The type of markup, if enough of it is there.
fn markup(text: &str) -> Option<&'static str> {
    let mut rest = text;
    loop {
        rest = rest.trim_ascii_start();
        rest = if let Some(comment) = rest.strip_prefix("<!--") {
            comment.split_once("-->")?.1
        } else if let Some(instruction) = rest.strip_prefix("<?") {
            instruction.split_once("?>")?.1
        } else if let Some(declaration) = strip_doctype(rest) {
            match name(declaration.trim_ascii_start())? {
                "svg" => return Some(SVG),
                other if other.eq_ignore_ascii_case("html") => return Some(HTML),
                _ => after_doctype(declaration)?,
            }
        } else {
            let element = name(rest.strip_prefix('<')?)?;
            return of_root(element, text.starts_with("<?xml"));
        };
    }
}

fn strip_doctype(text: &str) -> Option<&str> {
    let (doctype, rest) = text.split_at_checked(9)?;
    doctype.eq_ignore_ascii_case("<!doctype").then_some(rest)
}

/// What follows a document type declaration, which may contain declarations of its own.
fn after_doctype(declaration: &str) -> Option<&str> {
    let (before, after) = declaration.split_once('>')?;
    match before.split_once('[') {
        None => Some(after),
        Some(_) => declaration
            .split_once(']')?
            .1
            .split_once('>')
            .map(|(_, after)| after),
    }
}

/// The name at the beginning of `text`, if all of it is there.
fn name(text: &str) -> Option<&str> {
    let end = text.find(|c: char| c.is_ascii_whitespace() || matches!(c, '>' | '/' | '['))?;
    text.get(..end)
}

/// The type of a document whose first element has this name.
fn of_root(element: &str, is_xml: bool) -> Option<&'static str> {
    // Elements that browsers take for the beginning of a page (WHATWG MIME Sniffing §7.1).
    const PAGE: [&str; 11] = [
        "html", "head", "body", "title", "script", "style", "iframe", "table", "div", "h1", "font",
    ];
    let local = element.rsplit(':').next().unwrap_or_default();
    if local == "svg" {
        Some(SVG)
    } else if PAGE.iter().any(|known| known.eq_ignore_ascii_case(element)) {
        Some(HTML)
    } else {
        is_xml.then_some(XML)
    }
}
