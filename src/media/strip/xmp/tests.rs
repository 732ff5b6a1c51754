//! XMP packets before and after an edit.

use super::*;

fn edit(packet: &[u8], strip: Strip) -> Edit {
    super::edit(packet, strip, &mut Meter::default())
}

fn edit_in_place(packet: &[u8], strip: Strip) -> Option<Vec<u8>> {
    super::edit_in_place(packet, strip, &mut Meter::default())
}

/// The packet after the edit, with runs of spaces replaced by one.
fn edited(packet: &str) -> Option<String> {
    match edit(packet.as_bytes(), Strip::Location) {
        Edit::Keep => Some(packet.to_owned()),
        Edit::Drop => None,
        Edit::Replace(edited) => {
            assert_eq!(edited.len(), packet.len());
            let text = String::from_utf8(edited).expect("UTF-8");
            let words: Vec<&str> = text.split(' ').filter(|word| !word.is_empty()).collect();
            Some(words.join(" "))
        }
    }
}

fn check(packet: &str, expect: &str) {
    assert_eq!(edited(packet).as_deref(), Some(expect), "{packet}");
}

#[test]
fn attributes_with_a_location_are_removed() {
    check(
        r#"<r:D xmlns:exif="e" exif:GPSLatitude="1" dc:rights='me' photoshop:City = 'a"b'/>"#,
        r#"<r:D xmlns:exif="e" dc:rights='me' />"#,
    );
    check(r#"<a GPSLatitude="&lt;1"/>"#, "<a />");
    // A prefix may have any name.
    check(
        r#"<a xmlns:location="u" x:location="1"/>"#,
        r#"<a xmlns:location="u" />"#,
    );
}

#[test]
fn elements_with_a_location_are_removed_with_their_content() {
    check("<a><b:City>X</b:City><c>1</c></a>", "<a> <c>1</c></a>");
    check("<a><City/><City /></a>", "<a> </a>");
    check(
        "<a><i:LocationShown><r:Bag><r:li City='X'><State>Y</State></r:li></r:Bag>\
         </i:LocationShown><rights>me</rights></a>",
        "<a> <rights>me</rights></a>",
    );
    check("<a><City><City>X</City></City>.</a>", "<a> .</a>");
    check("<a><xmp:Thumbnails>QUJD</xmp:Thumbnails></a>", "<a> </a>");
}

#[test]
fn everything_else_stays_byte_for_byte() {
    for packet in [
        "",
        " \n",
        "<?xpacket begin='\u{feff}'?><x:xmpmeta xmlns:x='adobe:ns:meta/'/><?xpacket end='w'?>",
        "<?xml version='1.0' encoding='UTF-8'?><a>City</a>",
        "<a><!-- <City>in a comment</City> --><![CDATA[<City>]]></a>",
        "<a><Iptc4xmpCore:CreatorContactInfo Iptc4xmpCore:CiAdrCity='X'/></a>",
        "<a b='1'/>\0\0",
    ] {
        assert_eq!(
            edit(packet.as_bytes(), Strip::Location),
            Edit::Keep,
            "{packet}"
        );
    }
}

#[test]
fn packets_that_are_not_plain_xml_are_removed_as_a_whole() {
    let deep = "<a>".repeat(200) + &"</a>".repeat(200);
    for packet in [
        "<",
        "<a",
        "<a>",
        "</a>",
        "<a></b>",
        "<a b></a>",
        "<a b=c/>",
        "<a b='<'/>",
        "<a b='",
        "<a/",
        "<!-- ",
        "<?xpacket",
        "< a/>",
        "<!DOCTYPE a [<!ENTITY b '<City>X</City>'>]><a>&b;</a>",
        "<?xml version='1.0' encoding='UTF-16'?><a/>",
        "<\0a\0/\0>\0",
        &deep,
    ] {
        assert_eq!(
            edit(packet.as_bytes(), Strip::Location),
            Edit::Drop,
            "{packet}"
        );
    }
}

#[test]
fn a_packet_that_must_stay_is_replaced_by_an_empty_one() {
    let packet = b"<a>not closed, and long enough for what comes instead";
    let edited = edit_in_place(packet, Strip::Location).expect("changed");
    assert_eq!(edited.len(), packet.len());
    let text = String::from_utf8(edited.clone()).expect("UTF-8");
    assert_eq!(text.trim_end(), r#"<x:xmpmeta xmlns:x="adobe:ns:meta/"/>"#);
    for strip in [Strip::Location, Strip::All] {
        assert_eq!(edit_in_place(&edited, strip), None);
        let short = edit_in_place(b"<a>", strip).expect("changed");
        assert_eq!(short, b"   ");
        assert_eq!(edit_in_place(&short, strip), None);
    }
    assert_eq!(edit(b"<a/>", Strip::All), Edit::Drop);
}

proptest::proptest! {
    #[test]
    fn any_packet_is_edited_once_and_keeps_its_length(
        text in "(<|>|/|</|<a |City|=|'|\"|<!--|-->|<\\?|\\?>|<!\\[CDATA\\[|\\]\\]>|[ a-zé:]){0,40}",
    ) {
        let packet = text.as_bytes();
        for strip in [Strip::Location, Strip::All] {
            let edited = edit_in_place(packet, strip).unwrap_or_else(|| packet.to_vec());
            proptest::prop_assert_eq!(edited.len(), packet.len());
            proptest::prop_assert_eq!(edit_in_place(&edited, strip), None);
        }
    }

    #[test]
    fn a_location_is_removed_wherever_it_is(
        before in "(<b>[a-z ]{0,5}</b>|<c d='e'/>|<!--[a-z]{0,5}-->| ){0,4}",
        prefix in "([a-z]{1,5}:)?",
        attribute: bool,
    ) {
        let packet = match attribute {
            true => format!("<a>{before}<b {prefix}City='Zzyzx'/>{before}</a>"),
            false => format!("<a>{before}<{prefix}City>Zzyzx</{prefix}City>{before}</a>"),
        };
        let edited = edit(packet.as_bytes(), Strip::Location);
        let Edit::Replace(edited) = edited else {
            return Err(proptest::test_runner::TestCaseError::fail(packet));
        };
        proptest::prop_assert_eq!(edited.len(), packet.len());
        let edited = String::from_utf8(edited).expect("UTF-8");
        proptest::prop_assert!(!edited.contains("Zzyzx") && !edited.contains("City"), "{}", edited);
    }
}
