//! The few XML documents of S3's protocol: answers are parsed into the leaves of their
//! tree, requests are formatted by hand.

use quick_xml::Reader;
use quick_xml::escape::{escape, unescape};
use quick_xml::events::Event;

/// An answer that is not well-formed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the answer is not well-formed XML: {0}")]
pub(super) struct XmlError(String);

/// The elements of a document that contain no elements, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Leaves(Vec<(String, String)>);

impl Leaves {
    /// Parses a document. Prefixes of names are dropped.
    pub(super) fn parse(document: &str) -> Result<Self, XmlError> {
        let malformed = |error: &dyn std::fmt::Display| XmlError(error.to_string());
        let mut reader = Reader::from_str(document);
        let mut leaves = Vec::new();
        let mut depth: u64 = 0;
        // The innermost open element, if nothing but text has followed its start.
        let mut open: Option<(String, String)> = None;
        loop {
            match reader.read_event().map_err(|error| malformed(&error))? {
                Event::Start(start) => {
                    depth += 1;
                    let name = start.local_name();
                    open = Some((name.as_ref().to_owned(), String::new()));
                }
                Event::Empty(_) => open = None,
                Event::Text(text) => {
                    if let Some((_, content)) = &mut open {
                        content.push_str(&text);
                    }
                }
                Event::CData(text) => {
                    if let Some((_, content)) = &mut open {
                        content.push_str(&escape(&*text));
                    }
                }
                Event::GeneralRef(name) => {
                    if let Some((_, content)) = &mut open {
                        content.push('&');
                        content.push_str(&name);
                        content.push(';');
                    }
                }
                Event::End(_) => {
                    depth = depth.saturating_sub(1);
                    if let Some((name, content)) = open.take() {
                        let content = unescape(&content).map_err(|error| malformed(&error))?;
                        leaves.push((name, content.into_owned()));
                    }
                }
                Event::Eof if depth > 0 => return Err(XmlError("it is cut short".to_owned())),
                Event::Eof => return Ok(Self(leaves)),
                Event::Comment(_) | Event::Decl(_) | Event::PI(_) | Event::DocType(_) => {}
            }
        }
    }

    /// The content of the first leaf with this name.
    pub(super) fn first(&self, name: &str) -> Option<&str> {
        self.all(name).next()
    }

    /// The contents of all leaves with this name.
    pub(super) fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        let named = self.0.iter().filter(move |(found, _)| found == name);
        named.map(|(_, content)| content.as_str())
    }
}

/// The document that completes a multipart upload, from the entity tags of the parts in
/// order.
pub(super) fn complete_multipart_upload(etags: &[String]) -> String {
    let parts = (1..).zip(etags).map(|(number, etag)| {
        format!(
            "<Part><PartNumber>{number}</PartNumber><ETag>{}</ETag></Part>",
            escape(etag)
        )
    });
    format!(
        "<CompleteMultipartUpload xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">{}\
         </CompleteMultipartUpload>",
        parts.collect::<String>()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leaves_are_found_by_name_in_order() {
        let leaves = Leaves::parse(
            "<?xml version=\"1.0\"?>\n<R xmlns=\"x\"><Upload><Key>a&amp;b</Key>\
             <UploadId>1</UploadId></Upload><Upload><Key>c</Key><Owner><ID>9</ID></Owner>\
             <UploadId><![CDATA[2<]]></UploadId></Upload><Empty/><N></N></R>",
        )
        .expect("well-formed");
        assert_eq!(leaves.all("Key").collect::<Vec<_>>(), ["a&b", "c"]);
        assert_eq!(leaves.all("UploadId").collect::<Vec<_>>(), ["1", "2<"]);
        assert_eq!(leaves.first("N"), Some(""));
        assert_eq!(leaves.first("Upload"), None);
    }

    #[test]
    fn malformed_documents_are_refused() {
        for document in ["<a><b></a>", "<a>&nonsense;</a>", "<a", "<a><b>x</b>"] {
            assert!(Leaves::parse(document).is_err(), "{document}");
        }
        assert_eq!(Leaves::parse("Bad Gateway"), Ok(Leaves::default()));
    }

    #[test]
    fn parts_are_numbered_from_one_and_escaped() {
        let document = complete_multipart_upload(&["\"x\"".to_owned(), "y&".to_owned()]);
        let leaves = Leaves::parse(&document).expect("well-formed");
        assert_eq!(leaves.all("PartNumber").collect::<Vec<_>>(), ["1", "2"]);
        assert_eq!(leaves.all("ETag").collect::<Vec<_>>(), ["\"x\"", "y&"]);
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_read_or_refused(document in "[<>/&;a-c!\\[\\]\"= -]{0,60}") {
            let _ = Leaves::parse(&document);
        }
    }
}
