//! File names as uploaders send them, made safe to keep and to send back.

mod joiners;

use std::fmt;

use crate::model::Kind;

/// The longest name that is kept, in bytes of UTF-8.
pub const MAX_BYTES: usize = 255;

/// Why a name cannot be kept exactly as given. The texts are phrased to follow the word "name".
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// It is empty, or longer than [`MAX_BYTES`].
    #[error("must have 1 to {MAX_BYTES} bytes")]
    Length,
    /// It has nothing but dots.
    #[error("must have a character other than dots")]
    Dots,
    /// It has a character that separates folders.
    #[error("must not have the character {0}, which separates folders")]
    Folder(CodePoint),
    /// It has a control character.
    #[error("must not have the control character {0}")]
    Control(CodePoint),
    /// It has a character that hides or reorders text.
    #[error("must not have the invisible character {0}")]
    Invisible(CodePoint),
    /// It has a joiner that joins nothing.
    #[error(
        "must not have the joiner {0}, except once between two letters of a script that uses \
         joiners, or between two emoji"
    )]
    Joiner(CodePoint),
    /// It has a tag that is not part of a flag.
    #[error("must not have the tag character {0}, except in the emoji of a flag")]
    Tag(CodePoint),
    /// It begins or ends with a space.
    #[error("must not begin or end with the space {0}")]
    Space(CodePoint),
}

/// A character that is shown as its number, for example `U+202E`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CodePoint(pub char);

impl fmt::Display for CodePoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "U+{:04X}", u32::from(self.0))
    }
}

/// Removes folders, and characters that control a terminal or the direction of text, and
/// shortens the name to [`MAX_BYTES`] while keeping its extension; `None` if nothing
/// remains. Joiners and tags stay where a script or an emoji needs them. Cleaning a name
/// twice gives the same result as cleaning it once.
pub fn clean(name: &str) -> Option<String> {
    let base = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let visible: String = base
        .chars()
        .filter(|c| !c.is_control() && !is_invisible(*c))
        .collect();
    let kept = shorten(&without_strays(&visible));
    // The cut may have separated a joiner or a tag from what it belongs to.
    let kept = without_strays(&kept);
    let is_name = !kept.chars().all(|c| c == '.');
    is_name.then_some(kept)
}

/// Checks that cleaning leaves a name unchanged.
///
/// # Errors
/// The first reason why it does not.
pub fn check(name: &str) -> Result<(), NameError> {
    if name.is_empty() || name.len() > MAX_BYTES {
        return Err(NameError::Length);
    }
    for c in name.chars() {
        let point = CodePoint(c);
        match c {
            '/' | '\\' => return Err(NameError::Folder(point)),
            _ if c.is_control() => return Err(NameError::Control(point)),
            _ if is_invisible(c) => return Err(NameError::Invisible(point)),
            _ => {}
        }
    }
    match joiners::without_strays(name).1 {
        Some(stray) if joiners::is_joiner(stray) => {
            return Err(NameError::Joiner(CodePoint(stray)));
        }
        Some(stray) => return Err(NameError::Tag(CodePoint(stray))),
        None => {}
    }
    let ends = [name.chars().next(), name.chars().next_back()];
    if let Some(space) = ends.into_iter().flatten().find(|c| c.is_whitespace()) {
        return Err(NameError::Space(CodePoint(space)));
    }
    if name.chars().all(|c| c == '.') {
        return Err(NameError::Dots);
    }
    Ok(())
}

/// Characters of Unicode's category Cf that reorder or hide text, and the two
/// separators (Zl, Zp) that end a line. Joiners and tags depend on what is beside them.
fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}' | '\u{200e}'..='\u{200f}'
        | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}'
        | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e001f}')
}

/// Removes joiners and tags that change nothing, and the spaces around the name.
fn without_strays(name: &str) -> String {
    let (kept, _) = joiners::without_strays(name);
    // A joiner that is last has nothing to join, although a space followed it until now.
    let ends = |c: char| c.is_whitespace() || joiners::is_joiner(c);
    kept.trim_matches(ends).to_owned()
}

/// The extensions of names of image files.
const EXTENSIONS: [(&str, Kind); 9] = [
    ("jpg", Kind::Jpeg),
    ("jpeg", Kind::Jpeg),
    ("jpe", Kind::Jpeg),
    ("jfif", Kind::Jpeg),
    ("png", Kind::Png),
    ("apng", Kind::Png),
    ("gif", Kind::Gif),
    ("webp", Kind::Webp),
    ("avif", Kind::Avif),
];

/// The name for a file of another kind: with the extension of `kind` instead of that of another
/// image, or after a name that has none.
pub fn of_kind(name: &str, kind: Kind) -> String {
    let known = name.rsplit_once('.').and_then(|(stem, extension)| {
        let same = |(known, _): &&(&str, Kind)| known.eq_ignore_ascii_case(extension);
        let (_, kind) = EXTENSIONS.iter().find(same)?;
        Some((stem, *kind))
    });
    let stem = match known {
        Some((_, named)) if named == kind => return name.to_owned(),
        Some((stem, _)) if !stem.is_empty() => stem,
        _ => name,
    };
    shorten(&format!("{stem}.{}", kind.extension()))
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
mod tests;
