//! Malicious GIFs.

use super::{Case, Fate, SECRET, hidden, kept, private, refused};
use Fate::{Less, Same};

/// A GIF with a screen of these four bytes, and with blocks before and after its frame.
fn gif(screen: [u8; 4], before: &[u8], frame: &[u8], after: &[u8]) -> Vec<u8> {
    [
        b"GIF89a",
        &screen[..],
        b"\0\0\0",
        before,
        frame,
        after,
        b";",
    ]
    .concat()
}

const SCREEN: [u8; 4] = [6, 0, 4, 0];
const FRAME: &[u8] = b",\0\0\0\0\x06\0\x04\0\0\x02\x01\x44\0";

/// A GIF with these blocks before its frame.
fn with(blocks: &[u8]) -> Vec<u8> {
    gif(SCREEN, blocks, FRAME, b"")
}

/// A GIF with this frame.
fn framed(frame: &[u8]) -> Vec<u8> {
    gif(SCREEN, b"", frame, b"")
}

/// A GIF with a frame at this position and of this size.
fn placed(area: [u16; 4]) -> Vec<u8> {
    let area = area.map(u16::to_le_bytes).concat();
    framed(&[b",", &area[..], b"\0\x02\x01\x44\0"].concat())
}

pub(super) fn cases() -> Vec<Case> {
    [screens(), frames(), blocks()]
        .into_iter()
        .flatten()
        .collect()
}

fn screens() -> Vec<Case> {
    let pixels = "more than the 50000000 allowed";
    vec![
        refused(
            "neither a screen nor a frame with a size",
            gif([0; 4], b"", b",\0\0\0\0\0\0\0\0\0\x02\0", b""),
            "no pixels",
        ),
        kept("a screen without a size", gif([0; 4], b"", FRAME, b"")),
        refused(
            "a screen of 65,535 by 65,535",
            gif([255; 4], b"", FRAME, b""),
            pixels,
        ),
        refused(
            "a line and a screen that are long in different directions",
            gif(
                [1, 0, 255, 255],
                b"",
                b",\0\0\0\0\xff\xff\x01\0\0\x02\x01\x44\0",
                b"",
            ),
            pixels,
        ),
        kept(
            "a long line after the first frame, beside a long screen",
            gif(
                [1, 0, 255, 255],
                b"",
                &[FRAME, b",\0\0\0\0\xff\xff\x01\0\0\x02\x01\x44\0"].concat(),
                b"",
            ),
        ),
    ]
}

fn frames() -> Vec<Case> {
    let cut = "ends before it is complete";
    let pixels = "more than the 50000000 allowed";
    let longer = "a width of 65536 pixels is more than the 65535 allowed";
    const MAX: u16 = u16::MAX;
    vec![
        kept("a frame without a size", placed([0; 4])),
        refused(
            "a frame of 65,535 by 65,535",
            placed([0, 0, MAX, MAX]),
            pixels,
        ),
        refused(
            "a frame of 65,535 by 65,535 at 65,535, 65,535",
            placed([MAX; 4]),
            pixels,
        ),
        refused(
            "a frame beyond every screen",
            placed([MAX, 0, 1, 1]),
            longer,
        ),
        kept("a line far longer than the screen", placed([0, 0, MAX, 1])),
        kept(
            "a code size of 0",
            framed(b",\0\0\0\0\x06\0\x04\0\0\0\x01\x44\0"),
        ),
        kept(
            "a code size of 255",
            framed(b",\0\0\0\0\x06\0\x04\0\0\xff\x01\x44\0"),
        ),
        kept(
            "a frame without data",
            framed(b",\0\0\0\0\x06\0\x04\0\0\x02\0"),
        ),
        refused(
            "colours of a frame that are cut off",
            framed(b",\0\0\0\0\x06\0\x04\0\x87\x02\x01\x44\0"),
            cut,
        ),
        refused(
            "colours of a screen that are cut off",
            b"GIF89a\x06\0\x04\0\x87\0\0,".to_vec(),
            cut,
        ),
        refused(
            "endless sub-blocks",
            framed(&[&FRAME[..11], &b"\x01\x44".repeat(3000)].concat()),
            cut,
        ),
        refused(
            "a sub-block that is longer than the file",
            framed(b",\0\0\0\0\x06\0\x04\0\0\x02\xff\x44\0"),
            cut,
        ),
        refused(
            "1,001 frames",
            gif(SCREEN, b"", &FRAME.repeat(1001), b""),
            "1001 frames are more",
        ),
        refused("no frame", gif(SCREEN, b"", b"", b""), "it has no frame"),
        refused("an unknown block", with(b"\x01"), "an unknown block"),
        Case("a second trailer", gif(SCREEN, b"", FRAME, b";"), [Less; 3]),
        kept("70,000 block terminators", with(&[0; 70_000])),
    ]
}

fn blocks() -> Vec<Case> {
    let cut = "ends before it is complete";
    let work = "cut into more and smaller parts";
    let pairs: Vec<u8> = SECRET.iter().flat_map(|byte| [1, *byte]).collect();
    let packet = |data: &[u8]| with(&[b"!\xff\x0bXMP DataXMP", data, b"\0"].concat());
    let trailer: Vec<u8> = [1].into_iter().chain((0..=255).rev()).collect();
    let secret = [b"<a City='", SECRET, b"'/>", &trailer].concat();
    // Read as sub-blocks, the packet leads past its trailer.
    let misleading = [b"\xfe", &secret[..]].concat();
    vec![
        private(
            "a comment of sub-blocks of one byte",
            with(b"!\xfe\x01a\x01b\0"),
        ),
        kept("an extension with the label 0", with(b"!\0\x01a\0")),
        hidden("an extension with an unknown label", with(b"!\xfa\x01a\0")),
        hidden("an application without a name", with(b"!\xff\0")),
        hidden(
            "an application with a name of 10 bytes",
            with(b"!\xff\x0aXMP DataXM\x05Zzyzx\0"),
        ),
        hidden(
            "an application with a name of one byte",
            with(b"!\xff\x01a\x05Zzyzx\0"),
        ),
        hidden(
            "a maker's application",
            with(b"!\xff\x0bMGK8BIM0000\x05Zzyzx\0"),
        ),
        refused(
            "an application with a name of 255 bytes that is cut off",
            with(b"!\xff\xffXMP"),
            cut,
        ),
        refused(
            "an application without its name",
            b"GIF89a\x06\0\x04\0\0\0\0!\xff\x0bXMP".to_vec(),
            cut,
        ),
        kept(
            "a loop of 65,535 times",
            with(b"!\xff\x0bNETSCAPE2.0\x03\x01\xff\xff\0"),
        ),
        hidden("a packet in sub-blocks of one byte", packet(&pairs)),
        hidden("a packet without its trailer", packet(b"\x05Zzyzx")),
        hidden("a packet with its trailer", packet(&secret)),
        hidden(
            "a packet that leads past its trailer",
            packet(&[&misleading[..], &[0; 8]].concat()),
        ),
        hidden("an empty packet", packet(b"")),
        refused(
            "70,000 empty extensions",
            with(&b"!\xf9\0".repeat(70_000)),
            work,
        ),
        Case(
            "3,000 empty packets",
            with(&b"!\xff\x0bXMP DataXMP\0".repeat(3000)),
            [Fate::Refused(work), Less, Same],
        ),
    ]
}
