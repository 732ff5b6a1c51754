//! The charsets of names in header fields.

/// Decodes text in a charset: UTF-8, US-ASCII or ISO-8859-1, by their names in MIME. `None` if the
/// charset is another one, or if the bytes are not valid in it.
pub(super) fn decode(charset: &str, bytes: &[u8]) -> Option<String> {
    let is = |name: &str| charset.eq_ignore_ascii_case(name);
    if is("utf-8") || is("utf8") || is("us-ascii") {
        return std::str::from_utf8(bytes).ok().map(str::to_owned);
    }
    // Each byte is the code point of its character.
    is("iso-8859-1").then(|| bytes.iter().copied().map(char::from).collect())
}
