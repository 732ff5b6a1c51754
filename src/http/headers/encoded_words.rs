//! Encoded words (RFC 2047): `=?charset?encoding?text?=`, where the encoding is `B` (base64) or `Q`
//! (similar to quoted-printable). Mail has them; some clients, .NET among them, also write file
//! names in this way.

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use super::charset;

/// Base64 with or without padding.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// An encoded word.
struct Word<'a> {
    charset: &'a str,
    bytes: Vec<u8>,
}

/// Whether a text may have encoded words.
pub(super) fn may_have_words(text: &str) -> bool {
    text.contains("=?")
}

/// Decodes the encoded words of a text; other text stays. `None` if a word is in an unknown
/// charset, or is not valid in its charset.
pub(super) fn decode(text: &str) -> Option<String> {
    let mut decoded = String::new();
    // The words before `rest`. Senders cut characters in two: only all bytes together are text.
    let mut words: Option<Word<'_>> = None;
    let mut rest = text;
    while let Some(at) = rest.find("=?") {
        let (between, start) = rest.split_at_checked(at)?;
        let found = parse(start);
        // Spaces between two words only separate them.
        let is_separator = found.is_some() && between.trim().is_empty();
        if words.is_none() || !is_separator {
            finish(&mut decoded, words.take())?;
            decoded.push_str(between);
        }
        rest = match found {
            Some((word, after)) => {
                match &mut words {
                    Some(words) if words.charset.eq_ignore_ascii_case(word.charset) => {
                        words.bytes.extend(word.bytes);
                    }
                    _ => finish(&mut decoded, words.replace(word))?,
                }
                after
            }
            None => {
                decoded.push_str("=?");
                start.get("=?".len()..)?
            }
        };
    }
    finish(&mut decoded, words)?;
    decoded.push_str(rest);
    Some(decoded)
}

/// Appends the text of words.
fn finish(decoded: &mut String, words: Option<Word<'_>>) -> Option<()> {
    if let Some(words) = words {
        decoded.push_str(&charset::decode(words.charset, &words.bytes)?);
    }
    Some(())
}

/// The encoded word at the beginning of a text, and the text after it. No part of a word has a
/// question mark, so that each is searched only as far as the next one.
fn parse(text: &str) -> Option<(Word<'_>, &str)> {
    let (charset, rest) = text.strip_prefix("=?")?.split_once('?')?;
    // A language may follow (RFC 2231 §5).
    let charset = charset.split('*').next()?;
    let (encoding, rest) = rest.split_once('?')?;
    let (encoded, rest) = rest.split_once('?')?;
    let after = rest.strip_prefix('=')?;
    let bytes = match encoding {
        "B" | "b" => BASE64.decode(encoded).ok()?,
        "Q" | "q" => decode_q(encoded)?,
        _ => return None,
    };
    Some((Word { charset, bytes }, after))
}

/// Decodes the encoding Q: `_` is a space, `=` precedes a byte in hexadecimal digits.
fn decode_q(encoded: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(encoded.len());
    let mut rest = encoded.bytes();
    while let Some(byte) = rest.next() {
        let mut digit = || char::from(rest.next()?).to_digit(16);
        bytes.push(match byte {
            b'_' => b' ',
            b'=' => u8::try_from((digit()? << 4) | digit()?).ok()?,
            other => other,
        });
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_decoded_as_clients_write_them() {
        let check = |text: &str, expect: Option<&str>| {
            assert_eq!(decode(text).as_deref(), expect, "{text}");
        };
        check("=?utf-8?B?w4TDlsOkw7YuanBn?=", Some("ÄÖäö.jpg"));
        check("=?UTF-8?b?w4TDlsOkw7YuanBnCg?=", Some("ÄÖäö.jpg\n"));
        check("=?utf-8?Q?=C3=84_b=2Ejpg?=", Some("Ä b.jpg"));
        check("=?iso-8859-1?q?caf=e9.jpg?=", Some("café.jpg"));
        check("=?us-ascii*en?Q?a.jpg?=", Some("a.jpg"));
        // Between words, spaces separate; beside other text, they are text.
        check("=?utf-8?Q?a?= =?utf-8?Q?b?=\t=?utf-8?B?Yw==?=", Some("abc"));
        check("=?utf-8?Q?a?= b =?utf-8?Q?c?= ", Some("a b c "));
        check("=?utf-8?Q?a?==?iso-8859-1?Q?=E9?=", Some("aé"));
        check("IMG =?utf-8?Q?=C3=84?=.jpg", Some("IMG Ä.jpg"));
        // A character that is cut in two.
        check("=?utf-8?Q?=C3?= =?UTF-8?Q?=84?=", Some("Ä"));
        check("=?utf-8?B?ww?= =?utf-8?Q?=84?=", Some("Ä"));
        check("=?utf-8?Q??=", Some(""));
    }

    #[test]
    fn text_that_only_looks_like_a_word_stays() {
        for text in [
            "",
            "a.jpg",
            "=?",
            "=?=?=?",
            "what=?.jpg",
            "=?utf-8?X?a?=",
            "=?utf-8?Q?a",
            "=?utf-8?Q?a?",
            "=?utf-8?Q?=4?=",
            "=?utf-8?Q?=+4?=",
            "=?utf-8?B?%%%?=",
            "=?a?=?b?= ",
        ] {
            assert_eq!(decode(text).as_deref(), Some(text));
        }
    }

    #[test]
    fn words_that_cannot_be_read_are_reported() {
        for text in [
            "=?utf-8?Q?=FF?=",
            "=?shift_jis?B?g2U=?=",
            "a =?utf-8?B?ww==?= b",
            "=??Q?a?=",
        ] {
            assert_eq!(decode(text), None, "{text}");
        }
    }

    #[test]
    fn the_time_is_linear() {
        // A second would be far too long; quadratic time would take minutes.
        for part in [
            "=?",
            "=?utf-8?Q?",
            "=?utf-8?Q?a?= ",
            "=?utf-8?B?ww?==?utf-8?B?hA?=",
            " ?",
        ] {
            let started = std::time::Instant::now();
            let _ = decode(&part.repeat(1 << 20 >> part.len().ilog2()));
            assert!(started.elapsed().as_secs() < 10, "{part}");
        }
    }

    proptest::proptest! {
        #[test]
        fn decoding_is_the_inverse_of_encoding(
            name in ".{1,60}",
            cut in 1_usize..20,
            is_base64 in proptest::bool::ANY,
        ) {
            let words = name.as_bytes().chunks(cut).map(|bytes| {
                let hex = |byte: &u8| format!("={byte:02X}");
                match is_base64 {
                    true => format!("=?utf-8?B?{}?=", BASE64.encode(bytes)),
                    false => format!("=?UTF-8?Q?{}?=", bytes.iter().map(hex).collect::<String>()),
                }
            });
            let words: Vec<String> = words.collect();
            proptest::prop_assert_eq!(decode(&words.join(" ")), Some(name));
        }

        #[test]
        fn no_text_panics(text in r"(=\?|\?=|\?|=|utf-8|B|Q|é|_|YQ| ){0,30}|.{0,60}") {
            let decoded = decode(&text);
            if !may_have_words(&text) {
                proptest::prop_assert_eq!(decoded, Some(text));
            }
        }
    }
}
