//! What is shown while an image loads, as text.

use std::fmt;

/// A few bytes that a client turns into a blurred picture. Its text has three words: ThumbHash,
/// BlurHash and colour.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Placeholder {
    thumbhash: String,
    blurhash: String,
    color: String,
}

/// The most characters of either hash: more than any has.
const MAX_HASH: usize = 100;

impl Placeholder {
    /// Reads the text of a placeholder. `None` if it is not three words of the expected alphabets.
    pub fn parse(text: &str) -> Option<Self> {
        let mut words = text.split(' ');
        let [thumbhash, blurhash, color] = [words.next()?, words.next()?, words.next()?];
        let is_hash = |word: &str, may_have: fn(u8) -> bool| {
            (1..=MAX_HASH).contains(&word.len()) && word.bytes().all(may_have)
        };
        let is_color = color.len() == 7
            && color.strip_prefix('#').is_some_and(|digits| {
                let is_digit = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
                digits.bytes().all(is_digit)
            });
        let is_whole = words.next().is_none()
            && is_hash(thumbhash, is_base64)
            && is_hash(blurhash, is_base83)
            && is_color;
        is_whole.then(|| Self {
            thumbhash: thumbhash.to_owned(),
            blurhash: blurhash.to_owned(),
            color: color.to_owned(),
        })
    }

    /// The ThumbHash in base64 (RFC 4648 §4).
    pub fn thumbhash(&self) -> &str {
        &self.thumbhash
    }

    /// The BlurHash.
    pub fn blurhash(&self) -> &str {
        &self.blurhash
    }

    /// The mean colour, as `#rrggbb`.
    pub fn color(&self) -> &str {
        &self.color
    }
}

impl fmt::Display for Placeholder {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} {} {}", self.thumbhash, self.blurhash, self.color)
    }
}

fn is_base64(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=')
}

/// The alphabet of BlurHash.
fn is_base83(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"#$%*+,-.:;=?@[]^_{|}~".contains(&byte)
}

#[cfg(test)]
mod tests {
    use super::Placeholder;

    #[test]
    fn a_placeholder_is_three_words() {
        let text = "1QcSHQRnh493V4dIh4eXh1h4kJUI LEHV6nWB2yk8pyo0adR*.7kCMdnj #a1b2c3";
        let read = Placeholder::parse(text).expect("is valid");
        assert_eq!(read.thumbhash(), "1QcSHQRnh493V4dIh4eXh1h4kJUI");
        assert_eq!(read.blurhash(), "LEHV6nWB2yk8pyo0adR*.7kCMdnj");
        assert_eq!(read.color(), "#a1b2c3");
        assert_eq!(read.to_string(), text);
        let long = format!("{} L #a1b2c3", "A".repeat(101));
        for wrong in [
            "",
            "A L",
            "A L #a1b2c3 ",
            "A L #A1B2C3",
            "A L a1b2c3",
            "A L #a1b2c3\n",
            "A\"b L #a1b2c3",
            "A L<b #a1b2c3",
            " L #a1b2c3",
            &long,
        ] {
            assert_eq!(Placeholder::parse(wrong), None, "{wrong:?}");
        }
    }
}
