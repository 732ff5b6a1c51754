//! Derived pictures, and pictures without data.

use super::{Case, Expect, NO_BYTES, PICTURE, TWICE, accepted, case, image, meta, refused};
use crate::media::testing::isobmff::{Item, Meta, bx, file, ftyp, full};

pub(super) fn cases() -> Vec<Case> {
    [missing(), rings(), references()]
        .into_iter()
        .flatten()
        .collect()
}

fn coded() -> Item {
    Item::new(b"av01", &[PICTURE])
}

fn grid(parts: &[u16]) -> Item {
    Item::new(b"grid", &[PICTURE]).of(parts)
}

fn all(items: &[Item]) -> Vec<u8> {
    image(&Meta::new(items))
}

fn missing() -> Vec<Case> {
    let nothing = "a derived picture has no parts";
    let gone = "a part of the picture is missing";
    let other = "a part of the picture is not an AV1 image";
    let of = |kind: &[u8; 4], parts: &[u16]| Item::new(kind, &[PICTURE]).of(parts);
    vec![
        refused("a grid of nothing", all(&[grid(&[])]), nothing),
        refused("an overlay of nothing", all(&[of(b"iovl", &[])]), nothing),
        refused("a tone map of nothing", all(&[of(b"tmap", &[])]), nothing),
        refused(
            "a sample transform of nothing",
            all(&[of(b"sato", &[])]),
            nothing,
        ),
        refused("a grid of item 0", all(&[grid(&[0])]), gone),
        refused(
            "a grid of an absent item",
            all(&[grid(&[2, 65_535]), coded()]),
            gone,
        ),
        refused(
            "a grid of metadata",
            all(&[grid(&[2]), Item::xmp(&[PICTURE])]),
            other,
        ),
        refused(
            "a grid of another codec",
            all(&[grid(&[2]), of(b"hvc1", &[])]),
            other,
        ),
        refused(
            "a grid of a picture without bytes",
            all(&[grid(&[2]), Item::new(b"av01", &[(1000, 0)])]),
            NO_BYTES,
        ),
        refused(
            "a grid of a picture without extents",
            all(&[grid(&[2]), Item::new(b"av01", &[])]),
            NO_BYTES,
        ),
        refused(
            "an overlay of a picture in an absent idat",
            all(&[of(b"iovl", &[2]), Item::new(b"av01", &[(0, 9)]).in_idat()]),
            "a picture extends beyond the box that contains it",
        ),
        refused(
            "a grid without bytes",
            all(&[Item::new(b"grid", &[]).of(&[2]), coded()]),
            NO_BYTES,
        ),
        case(
            "a grid whose last part is beyond the file",
            all(&[grid(&[2, 3]), coded(), Item::new(b"av01", &[(1000, 11)])]),
            Expect::CutShort,
        ),
        accepted("a grid", all(&[grid(&[2, 3]), coded(), coded()])),
        accepted("an overlay", all(&[of(b"iovl", &[2]), coded()])),
        accepted(
            "a grid of one picture many times",
            all(&[grid(&[2; 30]), coded()]),
        ),
        accepted(
            "an absent picture that is not displayed",
            all(&[coded(), grid(&[9])]),
        ),
    ]
}

fn rings() -> Vec<Case> {
    let deep = "pictures are derived from each other more than eight deep";
    // The first is derived from the second, and so on, and the last from a coded one.
    let chain = |length: u16| {
        let grids = (2..=length + 1).map(|next| grid(&[next]));
        all(&grids.chain([coded()]).collect::<Vec<_>>())
    };
    // Each is derived from the next many times over: 30^7 ways to the coded one.
    let layers = (2..=8).map(|next| grid(&[next; 30]));
    let layers = layers.chain([coded()]).map(|item| Item {
        extents: vec![(5000, 10)],
        ..item
    });
    let layers = Meta::new(&layers.collect::<Vec<_>>()).build();
    let layers = file(&[ftyp(&[b"avif"]), layers], 5010);
    vec![
        refused("a grid of itself", all(&[grid(&[1])]), deep),
        refused("a grid of itself many times", all(&[grid(&[1; 30])]), deep),
        refused(
            "a grid of a picture and itself",
            all(&[grid(&[2, 1]), coded()]),
            deep,
        ),
        refused(
            "two grids of each other",
            all(&[grid(&[2]), grid(&[1])]),
            deep,
        ),
        refused(
            "three grids in a ring",
            all(&[grid(&[2]), grid(&[3]), grid(&[1])]),
            deep,
        ),
        accepted("grids seven deep", chain(7)),
        refused("grids eight deep", chain(8), deep),
        refused("grids twelve deep", chain(12), deep),
        accepted("grids of 20,000 million paths", layers),
    ]
}

fn references() -> Vec<Case> {
    let with = |references: &[Vec<u8>]| {
        let iref = full(b"iref", &references.concat());
        image(&Meta {
            iref,
            ..Meta::new(&[grid(&[]), coded()])
        })
    };
    let dimg = bx(b"dimg", &[0, 1, 0, 1, 0, 2]);
    let twice = "a picture is derived from others in two ways";
    let double = Meta {
        more: full(b"iref", &dimg),
        ..Meta::new(&[grid(&[2]), coded()])
    };
    let itself = Meta {
        iref: full(b"iref", &bx(b"cdsc", &[0, 1, 0, 1, 0, 1])),
        ..meta(&[])
    };
    vec![
        refused(
            "a grid with two lists of parts",
            with(&[dimg.clone(), dimg.clone()]),
            twice,
        ),
        refused("two boxes of references", image(&double), TWICE),
        accepted("metadata about itself", image(&itself)),
        accepted("a thumbnail of an absent item", {
            let thumbnail = bx(b"thmb", &[255, 255, 0, 1, 255, 254]);
            with(&[dimg, thumbnail])
        }),
    ]
}
