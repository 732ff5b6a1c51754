//! Reads Rust source far enough to find the names in it.

use anyhow::{Result, anyhow};
use proc_macro2::{Delimiter, TokenStream, TokenTree};

/// The identifiers and the marks `::`, `{`, `}`, `,` of a source text, with
/// their lines; comments, strings and characters are left out.
///
/// # Errors
/// If the text cannot be split into Rust tokens.
pub(crate) fn words(text: &str) -> Result<Vec<(usize, String)>> {
    let tokens: TokenStream = text.parse().map_err(|error: proc_macro2::LexError| {
        anyhow!("line {}: {error}", error.span().start().line)
    })?;
    let mut words = Vec::new();
    collect(tokens, &mut words);
    Ok(words)
}

fn collect(tokens: TokenStream, words: &mut Vec<(usize, String)>) {
    let mut tokens = tokens.into_iter().peekable();
    while let Some(token) = tokens.next() {
        let line = token.span().start().line;
        match token {
            TokenTree::Ident(name) => words.push((line, name.to_string())),
            TokenTree::Punct(mark) if mark.as_char() == ',' => words.push((line, ",".to_owned())),
            token if is_colon(&token) => {
                if tokens.next_if(is_colon).is_some() {
                    words.push((line, "::".to_owned()));
                }
            }
            TokenTree::Group(group) if group.delimiter() == Delimiter::Brace => {
                words.push((line, "{".to_owned()));
                collect(group.stream(), words);
                words.push((group.span_close().start().line, "}".to_owned()));
            }
            TokenTree::Group(group) => collect(group.stream(), words),
            TokenTree::Punct(_) | TokenTree::Literal(_) => {}
        }
    }
}

fn is_colon(token: &TokenTree) -> bool {
    matches!(token, TokenTree::Punct(mark) if mark.as_char() == ':')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<String> {
        let words = words(text).expect("Rust");
        words.into_iter().map(|(_, word)| word).collect()
    }

    #[test]
    fn names_and_the_marks_between_them_are_words() {
        assert_eq!(
            found("use a::{b, c1};"),
            ["use", "a", "::", "{", "b", ",", "c1", "}"]
        );
        assert_eq!(found("a: b(c)[d]"), ["a", "b", "c", "d"]);
    }

    #[test]
    fn lifetimes_are_distinguished_from_characters() {
        assert_eq!(
            found("&'a b 'c' d '\\'' e '\\u{41}' f"),
            ["a", "b", "d", "e", "f"]
        );
    }

    #[test]
    fn text_that_ends_too_early_is_an_error() {
        for text in ["\"a", "/* a", "r#\"", "'\\", "'", "{", "a)"] {
            assert!(words(text).is_err(), "{text}");
        }
    }
}
