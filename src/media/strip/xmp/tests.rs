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

/// The packet without what describes other parts of the file, with runs of spaces replaced by
/// one. `None` if nothing is removed.
fn unlinked(packet: &str) -> Option<String> {
    let removal = Removal {
        places: false,
        appended: true,
    };
    match remove(packet.as_bytes(), removal, &mut Meter::default()) {
        Edit::Keep => None,
        Edit::Drop => panic!("not XML: {packet}"),
        Edit::Replace(edited) => {
            assert_eq!(edited.len(), packet.len());
            let text = String::from_utf8(edited).expect("UTF-8");
            let words: Vec<&str> = text.split(' ').filter(|word| !word.is_empty()).collect();
            Some(words.join(" "))
        }
    }
}

const GOOGLE: &str = "http://ns.google.com/photos/1.0/";

#[test]
fn what_describes_a_cut_video_is_removed() {
    for (packet, expect) in [
        (
            format!(
                "<D xmlns:GCamera='{GOOGLE}camera/' GCamera:MotionPhoto='1' \
                 GCamera:MotionPhotoVersion='1' GCamera:SpecialTypeID='boke' \
                 GCamera:MotionPhotoPresentationTimestampUs='-1'/>"
            ),
            format!("<D xmlns:GCamera='{GOOGLE}camera/' GCamera:SpecialTypeID='boke' />"),
        ),
        (
            format!(
                "<D xmlns:Camera='{GOOGLE}camera/'><Camera:MicroVideo>1</Camera:MicroVideo>\
                 <Camera:MicroVideoOffset>4711</Camera:MicroVideoOffset>\
                 <dc:rights>me</dc:rights></D>"
            ),
            format!("<D xmlns:Camera='{GOOGLE}camera/'> <dc:rights>me</dc:rights></D>"),
        ),
        // Attributes may precede the declaration of their prefix.
        (
            "<D o:VideoLength='4711' xmlns:o='http://ns.oplus.com/photos/1.0/camera/' a='b'/>"
                .to_owned(),
            "<D xmlns:o='http://ns.oplus.com/photos/1.0/camera/' a='b'/>".to_owned(),
        ),
        (
            "<D VCamera:VMotionPhotoVersion='1' MiCamera:XMPMeta='&lt;subimage/>'/>".to_owned(),
            "<D />".to_owned(),
        ),
    ] {
        assert_eq!(unlinked(&packet).as_deref(), Some(&expect[..]), "{packet}");
    }
}

#[test]
fn a_directory_of_parts_is_removed_with_its_items() {
    let items = "<rdf:Seq><rdf:li rdf:parseType='Resource'><Container:Item \
        Item:Mime='image/jpeg' Item:Semantic='Primary'/></rdf:li><rdf:li><Container:Item>\
        <Item:Length>4711</Item:Length></Container:Item></rdf:li></rdf:Seq>";
    let spaces =
        format!("xmlns:Container='{GOOGLE}container/' xmlns:Item='{GOOGLE}container/item/'");
    let packet =
        format!("<D {spaces}><Container:Directory>{items}</Container:Directory><dc:a>b</dc:a></D>");
    let expect = format!("<D {spaces}> <dc:a>b</dc:a></D>");
    assert_eq!(unlinked(&packet).as_deref(), Some(&expect[..]));
    // A prefix that is declared by the element itself.
    let own = packet
        .replace("Container:", "c:")
        .replace("xmlns:c:", "xmlns:Container:");
    let own = own.replace(&spaces, "").replace(
        "<c:Directory>",
        &format!("<c:Directory xmlns:c='{GOOGLE}container/'>"),
    );
    assert_eq!(unlinked(&own).as_deref(), Some("<D > <dc:a>b</dc:a></D>"));
    // Dynamic Depth.
    let depth = "<D xmlns:d='http://ns.google.com/photos/dd/1.0/device/'><d:Container>1\
        </d:Container></D>";
    let expect = "<D xmlns:d='http://ns.google.com/photos/dd/1.0/device/'> </D>";
    assert_eq!(unlinked(depth).as_deref(), Some(expect));
}

#[test]
fn what_describes_a_cut_gain_map_is_removed() {
    let attributes = "<D xmlns:hdrgm='http://ns.adobe.com/hdr-gain-map/1.0/' \
        hdrgm:Version='1.0' hdrgm:GainMapMax='2' crs:Version='15'/>";
    let expect = "<D xmlns:hdrgm='http://ns.adobe.com/hdr-gain-map/1.0/' crs:Version='15'/>";
    assert_eq!(unlinked(attributes).as_deref(), Some(expect));
    let elements = "<D><hdrgm:GainMapMax><rdf:Seq><rdf:li>1</rdf:li></rdf:Seq></hdrgm:GainMapMax>\
        <HDRGainMap:HDRGainMapVersion>131072</HDRGainMap:HDRGainMapVersion></D>";
    assert_eq!(unlinked(elements).as_deref(), Some("<D> </D>"));
}

#[test]
fn with_places_goes_what_describes_the_extended_packet() {
    check(
        "<D GDepth:Mime='image/png' GImage:Mime='image/jpeg' xmpNote:HasExtendedXMP='A' a='b'/>",
        "<D a='b'/>",
    );
    assert_eq!(unlinked("<D GDepth:Mime='image/png' City='X'/>"), None);
    // Only what follows the picture is cut off from a JPEG.
    let motion = "<D GCamera:MotionPhoto='1' hdrgm:Version='1.0'/>";
    assert_eq!(edit(motion.as_bytes(), Strip::Location), Edit::Keep);
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
    fn what_is_removed_from_a_packet_is_removed_at_once(
        text in "(<|>|/>|</|<a |hdrgm:|Container:|xmlns:|a:|City|=|'|\"|[ a-z]){0,40}",
        places: bool,
        appended: bool,
    ) {
        let removal = Removal { places, appended };
        let remove = |packet: &[u8]| super::remove(packet, removal, &mut Meter::default());
        if let Edit::Replace(edited) = remove(text.as_bytes()) {
            proptest::prop_assert_eq!(edited.len(), text.len());
            proptest::prop_assert_eq!(remove(&edited), Edit::Keep);
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
