//! AVIFs of every shape are refused wherever they are cut.

use super::is_cut;
use crate::media::testing::fuzz::{policy, run};
use crate::media::testing::isobmff::{Item, Meta, Movie, bx, file, ftyp};
use crate::media::{Strip, testing};
use crate::model::Kind;

/// Each ends with the last byte of its picture, or with the box that locates it.
fn shapes() -> Vec<(&'static str, Vec<u8>)> {
    let coded = |at: u32| Item::new(b"av01", &[(at, 10)]);
    let avif = || ftyp(&[b"avif"]);
    let grid = Item::new(b"grid", &[(0, 8)]).in_idat().of(&[2, 3]);
    let grid = Meta {
        idat: vec![0, 0, 0, 1, 0, 6, 0, 4],
        ..Meta::new(&[grid, coded(1000), coded(1010)])
    };
    let in_file = Item::new(b"grid", &[(1010, 8)]).of(&[2]);
    let in_file = Meta::new(&[in_file, coded(1000)]);
    let overlay = Item::new(b"iovl", &[(1000, 8)]).of(&[2]);
    let overlay = Meta::new(&[overlay, coded(1010)]);
    let in_idat = Meta {
        idat: vec![7; 10],
        ..Meta::new(&[coded(0).in_idat()])
    };
    let metadata = Meta::new(&[coded(900), Item::xmp(&[(1000, 20)])]);
    let movie = Movie::new([1000, 1020]).build();
    let data = bx(b"mdat", &[7; 1100]);
    let first = Meta::new(&[coded(1000)]).build();
    let last = [ftyp(&[b"avis"]), data.clone(), movie.clone()];
    let both = [&ftyp(&[b"avif", b"avis"])[..], &data, &first, &movie].concat();
    vec![
        ("a grid in idat", file(&[avif(), grid.build()], 1020)),
        ("a grid in the file", file(&[avif(), in_file.build()], 1018)),
        ("an overlay", file(&[avif(), overlay.build()], 1020)),
        ("a picture in idat", [avif(), in_idat.build()].concat()),
        ("metadata last", file(&[avif(), metadata.build()], 1020)),
        ("a sequence", file(&[ftyp(&[b"avis"]), movie], 1040)),
        ("a sequence after its data", last.concat()),
        ("meta after the data", [avif(), data, first].concat()),
        ("a picture and a sequence", both),
        ("a coded still", testing::avif()),
    ]
}

macro_rules! fixtures {
    ($($name:literal),* $(,)?) => {
        [$(($name, include_bytes!(concat!("../../../tests/fixtures/", $name)).to_vec())),*]
    };
}

#[test]
fn an_avif_of_any_shape_is_refused_wherever_it_is_cut() {
    let encoded = fixtures![
        "still.avif",
        "rotated.avif",
        "animated.avif",
        "rotated-animated.avif",
        "private.avif",
        "private-animated.avif",
    ];
    for (name, bytes) in shapes().into_iter().chain(encoded) {
        for strip in [None, Some(Strip::Location), Some(Strip::All)] {
            let policy = policy(strip);
            let whole = run(&policy, [&bytes[..]]).answer;
            assert!(whole.is_ok(), "{name}, {strip:?}: {whole:?}");
            for cut in 0..bytes.len() {
                let answer = run(&policy, [&bytes[..cut]]).answer;
                let fits = is_cut(Kind::Avif, &bytes, cut, &answer);
                assert!(fits, "{name}, {strip:?}, {cut}: {answer:?}");
            }
        }
    }
}
