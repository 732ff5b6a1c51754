//! What the parts of a form are, by their names and types.

use axum::http::HeaderMap;

use crate::http::headers::disposition::Named;
use crate::http::headers::media_type;

/// The names of parts with a meaning, for problems. Files have other names too ([`FILE_NAMES`]).
pub(super) const NAMES: [&str; 4] = ["file", "tags", "metadata", "visibility"];

/// The names under which upload widgets and forms send files by default.
const FILE_NAMES: [&str; 4] = ["file", "files", "image", "photo"];

/// What a part is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// A file to store.
    File,
    /// Tags of all images.
    Tags,
    /// The metadata of all images.
    Metadata,
    /// The visibility of all images.
    Visibility,
    /// A file under a name that is not for files.
    OtherFile,
    /// Text under a name without a meaning.
    OtherText,
    /// A part whose name differs from this one only in case.
    Miscased(&'static str),
    /// A part without a name.
    Unnamed,
}

impl Part {
    pub(super) fn of(named: &Named, headers: &HeaderMap) -> Self {
        let name = named.name.as_deref().unwrap_or_default();
        let element = element_of_list(name);
        if FILE_NAMES.contains(&element) {
            return Self::File;
        }
        if element == "tags" {
            return Self::Tags;
        }
        if name == "metadata" {
            return Self::Metadata;
        }
        if name == "visibility" {
            return Self::Visibility;
        }
        if named.has_filename || declares_file(headers) {
            return Self::OtherFile;
        }
        let known = NAMES.into_iter().chain(FILE_NAMES);
        let mut miscased = known.filter(|known| element.eq_ignore_ascii_case(known));
        match miscased.next() {
            _ if name.is_empty() => Self::Unnamed,
            Some(known) => Self::Miscased(known),
            None => Self::OtherText,
        }
    }
}

/// The name without `[]` or `[0]` at its end, with which forms name the elements of a list.
fn element_of_list(name: &str) -> &str {
    let indexed = name
        .strip_suffix(']')
        .and_then(|name| name.rsplit_once('['));
    match indexed {
        Some((element, index)) if index.bytes().all(|byte| byte.is_ascii_digit()) => element,
        _ => name,
    }
}

/// Whether a part without a file name is declared to be a file. Some clients declare text to be
/// JSON, or of the type of the whole form.
fn declares_file(headers: &HeaderMap) -> bool {
    let essence = media_type::of(headers).unwrap_or_default();
    let (main, sub) = essence.split_once('/').unwrap_or_default();
    let is = |word: &&str| main.eq_ignore_ascii_case(word);
    let is_text = ["json", "x-www-form-urlencoded"]
        .iter()
        .any(|text| sub.eq_ignore_ascii_case(text));
    ["image", "audio", "video", "application"].iter().any(is) && !is_text
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderValue, header};

    use super::*;

    fn part(disposition: &str, media_type: &str) -> Part {
        let mut headers = HeaderMap::new();
        let value = |text| HeaderValue::from_str(text).expect("a value");
        headers.insert(header::CONTENT_DISPOSITION, value(disposition));
        if !media_type.is_empty() {
            headers.insert(header::CONTENT_TYPE, value(media_type));
        }
        Part::of(&Named::by(&headers).expect(disposition), &headers)
    }

    #[test]
    fn parts_are_told_apart_by_name() {
        let check = |name: &str, expect: Part| {
            let disposition = format!("form-data; name=\"{name}\"");
            assert_eq!(part(&disposition, ""), expect, "{name}");
        };
        for name in [
            "file",
            "file[]",
            "files",
            "files[]",
            "file[0]",
            "image",
            "photo",
            "photo[12]",
        ] {
            check(name, Part::File);
        }
        check("tags", Part::Tags);
        check("tags[]", Part::Tags);
        check("metadata", Part::Metadata);
        check("visibility", Part::Visibility);
        for name in [
            "name",
            "type",
            "relativePath",
            "file]",
            "file[a]",
            "file[1][2]",
            "filex",
            "[]",
        ] {
            check(name, Part::OtherText);
        }
        check("Tags", Part::Miscased("tags"));
        check("FILE[]", Part::Miscased("file"));
        check("Metadata", Part::Miscased("metadata"));
        check("metadata[]", Part::Miscased("metadata"));
        check("Visibility", Part::Miscased("visibility"));
        check("", Part::Unnamed);
        assert_eq!(part("form-data", ""), Part::Unnamed);
    }

    #[test]
    fn other_files_are_told_from_text() {
        let file = "form-data; name=\"avatar\"; filename=\"a.png\"";
        for media_type in ["", "image/png", "text/plain", "application/json"] {
            assert_eq!(part(file, media_type), Part::OtherFile, "{media_type}");
        }
        let extended = "form-data; name=filepond; filename*=utf-8''a.png";
        assert_eq!(part(extended, ""), Part::OtherFile);
        assert_eq!(part("form-data; filename=a", ""), Part::OtherFile);
        let check = |media_type: &str, expect: Part| {
            assert_eq!(
                part("form-data; name=meta", media_type),
                expect,
                "{media_type}"
            );
        };
        for media_type in ["image/png", "Application/Octet-Stream", "video/mp4; a=b"] {
            check(media_type, Part::OtherFile);
        }
        for media_type in [
            "text/plain; charset=utf-8",
            "application/json",
            "multipart/form-data",
        ] {
            check(media_type, Part::OtherText);
        }
    }
}
