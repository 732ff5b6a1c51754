//! File names as uploaders send them, made safe to keep and to send back.

/// The longest name that is kept, in bytes of UTF-8.
pub const MAX_BYTES: usize = 255;

/// Removes folders, and characters that control a terminal or the direction of text, and
/// shortens the name to [`MAX_BYTES`] while keeping its extension; `None` if nothing
/// remains. Cleaning a name twice gives the same result as cleaning it once.
pub fn clean(name: &str) -> Option<String> {
    let base = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let visible: String = base
        .chars()
        .filter(|c| !c.is_control() && !is_format(*c))
        .collect();
    let kept = shorten(visible.trim());
    let is_name = !kept.chars().all(|c| c == '.');
    is_name.then_some(kept)
}

/// Characters of Unicode's category Cf that reorder or hide text, and the two
/// separators (Zl, Zp) that end a line.
fn is_format(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

fn shorten(name: &str) -> String {
    if name.len() <= MAX_BYTES {
        return name.to_owned();
    }
    let extension = name
        .rfind('.')
        .map_or("", |dot| name.get(dot..).unwrap_or_default());
    let extension = if extension.len() <= 16 { extension } else { "" };
    let mut end = MAX_BYTES - extension.len();
    while !name.is_char_boundary(end) {
        end -= 1;
    }
    let stem = name.get(..end).unwrap_or_default().trim_end();
    format!("{stem}{extension}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_cleaned_and_remain_readable() {
        let check = |name: &str, expect: Option<&str>| assert_eq!(clean(name).as_deref(), expect);
        check("cat.jpg", Some("cat.jpg"));
        check("  Grüße 猫.jpg ", Some("Grüße 猫.jpg"));
        check("../../etc/passwd", Some("passwd"));
        check("C:\\fakepath\\cat.jpg", Some("cat.jpg"));
        check("a\r\nSet-Cookie: x", Some("aSet-Cookie: x"));
        check("\u{202e}gpj.exe", Some("gpj.exe"));
        check("a\0b", Some("ab"));
        for nothing in ["", " ", "..", ".", "a/", "\u{200b}"] {
            check(nothing, None);
        }
        let long = clean(&format!("{}.jpeg", "é".repeat(40_000))).expect("a name");
        assert!(long.len() <= MAX_BYTES && long.ends_with("é.jpeg"));
    }

    proptest::proptest! {
        #[test]
        fn cleaning_is_idempotent(name in "\\PC{0,300}|.{0,300}") {
            if let Some(once) = clean(&name) {
                proptest::prop_assert!(once.len() <= MAX_BYTES);
                let twice = clean(&once);
                proptest::prop_assert_eq!(twice, Some(once));
            }
        }
    }
}
