//! Joiners and tags: characters without a shape of their own, which a name keeps only where
//! they change the shape of what is beside them.
//!
//! - U+200C and U+200D, between two letters of a script that uses joiners (UAX #31 §2.3).
//!   Persian separates the parts of a word with the first. Indic scripts choose with both
//!   between the forms of a cluster.
//! - U+200D between two emoji, which become one (UTS #51, ED-16).
//! - The tags U+E0020 to U+E007F after a black flag, which becomes the flag of a region
//!   (UTS #51, ED-14a). Other texts in tags are invisible, and nothing is drawn for them.

use std::ops::RangeInclusive;

const NON_JOINER: char = '\u{200c}';
const JOINER: char = '\u{200d}';
const BLACK_FLAG: char = '\u{1f3f4}';
const END_OF_TAGS: char = '\u{e007f}';
/// The emoji form of the character before it.
const EMOJI_FORM: char = '\u{fe0f}';

/// The number of tags that a flag may have before the last: the code of a region's part, such as
/// `gbsct` (UTS #35, `unicode_subdivision_id`).
const FLAG_TAGS: RangeInclusive<usize> = 3..=7;

pub(super) fn is_joiner(c: char) -> bool {
    matches!(c, NON_JOINER | JOINER)
}

fn is_tag(c: char) -> bool {
    ('\u{e0020}'..=END_OF_TAGS).contains(&c)
}

/// Removes joiners and tags that change nothing, and returns the first of them too. The time
/// that this takes is linear.
pub(super) fn without_strays(name: &str) -> (String, Option<char>) {
    let mut kept = String::with_capacity(name.len());
    let mut first_stray = None;
    let mut rest = name;
    while let Some(c) = rest.chars().next() {
        let (this, after) = rest.split_at(c.len_utf8());
        let whole = if is_joiner(c) {
            joins(&kept, c, after).then_some(this)
        } else if is_tag(c) {
            flag_tags(rest).filter(|_| kept.ends_with(BLACK_FLAG))
        } else {
            Some(this)
        };
        kept.push_str(whole.unwrap_or_default());
        if whole.is_none() {
            first_stray = first_stray.or(Some(c));
        }
        rest = rest.get(whole.unwrap_or(this).len()..).unwrap_or_default();
    }
    (kept, first_stray)
}

/// Whether a joiner changes the text that it stands in.
fn joins(before: &str, joiner: char, after: &str) -> bool {
    let (Some(last), Some(next)) = (before.chars().next_back(), after.chars().next()) else {
        return false;
    };
    if is_joined(last) && is_joined(next) {
        return true;
    }
    // After a virama, it shows the half form of a consonant: in old texts also at the end of a
    // word, where Malayalam has letters of their own (chillu) today.
    let shows_half_form = is_virama(last) && !is_joiner(next) && !is_tag(next);
    let is_sequence = ends_with_emoji(before) && is_pictograph(next);
    joiner == JOINER && (shows_half_form || is_sequence)
}

/// Whether a text ends with an emoji, which may have a skin tone or be marked as such.
fn ends_with_emoji(text: &str) -> bool {
    let mut backwards = text.chars().rev();
    let last = match backwards.next() {
        Some(EMOJI_FORM | '\u{1f3fb}'..='\u{1f3ff}') => backwards.next(),
        other => other,
    };
    last.is_some_and(is_pictograph)
}

/// The tags of a flag at the beginning of a text, with the last tag.
fn flag_tags(text: &str) -> Option<&str> {
    let is_code = |c: &char| matches!(c, '\u{e0030}'..='\u{e0039}' | '\u{e0061}'..='\u{e007a}');
    let most = FLAG_TAGS.end() + 1;
    let code: Vec<char> = text.chars().take_while(is_code).take(most).collect();
    let length: usize = code.iter().map(|c| c.len_utf8()).sum();
    let (_, after) = text.split_at_checked(length)?;
    let is_flag = FLAG_TAGS.contains(&code.len()) && after.starts_with(END_OF_TAGS);
    text.get(..length + END_OF_TAGS.len_utf8())
        .filter(|_| is_flag)
}

/// Whether a character is a letter, or a mark on a letter, of a script that uses joiners.
fn is_joined(c: char) -> bool {
    let is_letter = c.is_alphabetic() || is_virama(c) || is_nukta(c);
    is_letter && SCRIPTS.iter().any(|script| script.contains(&c))
}

/// Whether a character is a virama: it removes the vowel of the consonant before it (canonical
/// combining class 9).
fn is_virama(c: char) -> bool {
    // In the nine blocks from Devanagari to Malayalam, it has the same place.
    if ('\u{900}'..='\u{d7f}').contains(&c) {
        return u32::from(c) & 0x7f == 0x4d || matches!(c, '\u{d3b}' | '\u{d3c}');
    }
    VIRAMAS.contains(&c)
}

/// Whether a character is the dot that makes another consonant of the one before it. The scripts
/// have it in the same place too.
fn is_nukta(c: char) -> bool {
    ('\u{900}'..='\u{cff}').contains(&c) && u32::from(c) & 0x7f == 0x3c
}

fn is_pictograph(c: char) -> bool {
    PICTOGRAPHS.iter().any(|range| range.contains(&c))
}

/// The blocks of scripts that use joiners: cursive scripts, whose letters have a joining type
/// (Unicode §9, §14), and those with a virama (§12 to §17).
const SCRIPTS: [RangeInclusive<char>; 26] = [
    '\u{600}'..='\u{77f}',     // Arabic, Syriac
    '\u{7c0}'..='\u{7ff}',     // N’Ko
    '\u{840}'..='\u{8ff}',     // Mandaic, Syriac, Arabic
    '\u{900}'..='\u{dff}',     // Devanagari to Sinhala
    '\u{f00}'..='\u{fff}',     // Tibetan
    '\u{1000}'..='\u{109f}',   // Myanmar
    '\u{1700}'..='\u{18af}',   // Tagalog to Mongolian
    '\u{1a20}'..='\u{1aaf}',   // Tai Tham
    '\u{1b00}'..='\u{1bff}',   // Balinese, Sundanese, Batak
    '\u{a800}'..='\u{a8ff}',   // Syloti Nagri, Phags-pa, Saurashtra, Devanagari
    '\u{a930}'..='\u{a95f}',   // Rejang
    '\u{a980}'..='\u{a9ff}',   // Javanese, Myanmar
    '\u{aa60}'..='\u{aa7f}',   // Myanmar
    '\u{aae0}'..='\u{aaff}',   // Meetei Mayek
    '\u{abc0}'..='\u{abff}',   // Meetei Mayek
    '\u{fb50}'..='\u{fdff}',   // Arabic presentation forms
    '\u{fe70}'..='\u{fefe}',   // Arabic presentation forms
    '\u{10a00}'..='\u{10a5f}', // Kharoshthi
    '\u{10ac0}'..='\u{10aff}', // Manichaean
    '\u{10b80}'..='\u{10baf}', // Psalter Pahlavi
    '\u{10d00}'..='\u{10d3f}', // Hanifi Rohingya
    '\u{10ec0}'..='\u{10eff}', // Arabic
    '\u{10f30}'..='\u{10fdf}', // Sogdian, Old Uyghur, Chorasmian
    '\u{11000}'..='\u{11dff}', // Brahmi to Gunjala Gondi
    '\u{11f00}'..='\u{11f5f}', // Kawi
    '\u{1e900}'..='\u{1e95f}', // Adlam
];

/// The viramas of the scripts after Malayalam.
const VIRAMAS: &[char] = &[
    '\u{dca}',
    '\u{f84}',
    '\u{1039}',
    '\u{103a}',
    '\u{1714}',
    '\u{1715}',
    '\u{1734}',
    '\u{17d2}',
    '\u{1a60}',
    '\u{1b44}',
    '\u{1baa}',
    '\u{1bab}',
    '\u{1bf2}',
    '\u{1bf3}',
    '\u{a806}',
    '\u{a82c}',
    '\u{a8c4}',
    '\u{a953}',
    '\u{a9c0}',
    '\u{aaf6}',
    '\u{abed}',
    '\u{10a3f}',
    '\u{11046}',
    '\u{11070}',
    '\u{110b9}',
    '\u{11133}',
    '\u{11134}',
    '\u{111c0}',
    '\u{11235}',
    '\u{112ea}',
    '\u{1134d}',
    '\u{113ce}',
    '\u{113cf}',
    '\u{113d0}',
    '\u{11442}',
    '\u{114c2}',
    '\u{115bf}',
    '\u{1163f}',
    '\u{116b6}',
    '\u{1172b}',
    '\u{11839}',
    '\u{1193d}',
    '\u{1193e}',
    '\u{119e0}',
    '\u{11a34}',
    '\u{11a47}',
    '\u{11a99}',
    '\u{11c3f}',
    '\u{11d44}',
    '\u{11d45}',
    '\u{11d97}',
    '\u{11f41}',
    '\u{11f42}',
];

/// The blocks of emoji that sequences have. They have other symbols too, between which a joiner
/// does no harm.
const PICTOGRAPHS: [RangeInclusive<char>; 9] = [
    '\u{2190}'..='\u{21ff}',   // Arrows
    '\u{2300}'..='\u{23ff}',   // Miscellaneous Technical
    '\u{25a0}'..='\u{27bf}',   // Geometric Shapes, Miscellaneous Symbols, Dingbats
    '\u{2900}'..='\u{297f}',   // Supplemental Arrows-B
    '\u{2b00}'..='\u{2bff}',   // Miscellaneous Symbols and Arrows
    '\u{1f000}'..='\u{1f1e5}', // Mahjong Tiles to Enclosed Alphanumeric Supplement
    '\u{1f200}'..='\u{1f3fa}', // up to the skin tones
    '\u{1f400}'..='\u{1faff}', // up to Symbols and Pictographs Extended-A
    '\u{1fc00}'..='\u{1fffd}', // reserved
];
