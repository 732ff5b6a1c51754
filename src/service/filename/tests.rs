use super::*;

/// The flag of Scotland.
const SCOTLAND: &str = "\u{1f3f4}\u{e0067}\u{e0062}\u{e0073}\u{e0063}\u{e0074}\u{e007f}";

#[track_caller]
fn check_clean(name: &str, expect: Option<&str>) {
    assert_eq!(clean(name).as_deref(), expect, "{}", name.escape_unicode());
}

#[test]
fn names_are_cleaned_and_remain_readable() {
    check_clean("cat.jpg", Some("cat.jpg"));
    check_clean("  Grüße 猫.jpg ", Some("Grüße 猫.jpg"));
    check_clean("../../etc/passwd", Some("passwd"));
    check_clean("C:\\fakepath\\cat.jpg", Some("cat.jpg"));
    check_clean("a\r\nSet-Cookie: x", Some("aSet-Cookie: x"));
    check_clean("\u{202e}gpj.exe", Some("gpj.exe"));
    check_clean("a\0b", Some("ab"));
    for nothing in [
        "",
        " ",
        "..",
        ".",
        "a/",
        "\u{200b}",
        "\u{200d}",
        " \u{200c} ",
    ] {
        check_clean(nothing, None);
    }
    let long = clean(&format!("{}.jpeg", "é".repeat(40_000))).expect("a name");
    assert!(long.len() <= MAX_BYTES && long.ends_with("é.jpeg"));
}

#[test]
fn joiners_and_tags_stay_where_a_script_or_an_emoji_needs_them() {
    for name in [
        "می\u{200c}خواهم.jpg",
        "خانهٔ\u{200c}ما.jpg",
        "क\u{94d}\u{200d}ष.jpg",
        "क\u{94d}\u{200c}ष.jpg",
        "र\u{94d}\u{200d}य.jpg",
        // Bengali has the joiner before the virama.
        "র\u{200d}\u{9cd}যাব.jpg",
        "ශ\u{dca}\u{200d}රී.jpg",
        "ఫేస\u{c4d}\u{200c}బుక.jpg",
        // A chillu of Malayalam, as it was written before Unicode 5.1.
        "അവന\u{d4d}\u{200d}.jpg",
        "അവന\u{d4d}\u{200d} വന്നു.jpg",
        "👨\u{200d}👩\u{200d}👧.jpg",
        "👩🏽\u{200d}🚀.jpg",
        "🏳\u{fe0f}\u{200d}🌈.jpg",
        "🕵🏿\u{200d}♂\u{fe0f}.jpg",
        "⛓\u{fe0f}\u{200d}💥",
        "❤\u{fe0f}\u{200d}🔥.jpg",
        &format!("{SCOTLAND}.jpg"),
        &format!("{SCOTLAND}{SCOTLAND}"),
    ] {
        check_clean(name, Some(name));
        assert_eq!(check(name), Ok(()), "{}", name.escape_unicode());
    }
}

#[test]
fn joiners_and_tags_that_change_nothing_are_removed() {
    // At the ends, beside other scripts, in runs.
    check_clean("\u{200c}می.jpg", Some("می.jpg"));
    check_clean("می\u{200c}.jpg", Some("می.jpg"));
    check_clean("می\u{200c}", Some("می"));
    check_clean("می\u{200c} خواهم.jpg", Some("می خواهم.jpg"));
    check_clean("അവന\u{d4d}\u{200d}", Some("അവന\u{d4d}"));
    check_clean("അവന\u{d4d}\u{200d} \u{200c}", Some("അവന\u{d4d}"));
    check_clean("c\u{200d}at\u{200c}s.jpg", Some("cats.jpg"));
    check_clean("猫\u{200d}犬.jpg", Some("猫犬.jpg"));
    check_clean("می\u{200c}\u{200c}خواهم.jpg", Some("می\u{200c}خواهم.jpg"));
    check_clean(
        "می\u{200d}\u{200e}\u{200c}خواهم.jpg",
        Some("می\u{200c}خواهم.jpg"),
    );
    check_clean("👨\u{200d}\u{200d}👩.jpg", Some("👨\u{200d}👩.jpg"));
    check_clean("👨\u{200c}👩.jpg", Some("👨👩.jpg"));
    check_clean("👨\u{200d}.jpg", Some("👨.jpg"));
    check_clean("1\u{200d}👩.jpg", Some("1👩.jpg"));
    check_clean("۱\u{200c}۲.jpg", Some("۱۲.jpg"));
    // Tags without a flag, without an end, too many of them, or of something else than a code.
    let tags = &SCOTLAND["🏴".len()..];
    check_clean(&format!("a{tags}.jpg"), Some("a.jpg"));
    check_clean(&format!("👨{tags}.jpg"), Some("👨.jpg"));
    check_clean(SCOTLAND.trim_end_matches('\u{e007f}'), Some("🏴"));
    check_clean(&format!("🏴{}\u{e007f}", "\u{e0061}".repeat(2)), Some("🏴"));
    let hidden = "\u{e0049}\u{e0067}\u{e006e}\u{e006f}\u{e0072}\u{e0065}\u{e0020}\u{e007f}";
    check_clean(&format!("🏴{hidden}.jpg"), Some("🏴.jpg"));
    check_clean(
        &format!("{SCOTLAND}{tags}.jpg"),
        Some(&format!("{SCOTLAND}.jpg")),
    );
}

#[test]
fn a_name_is_not_cut_after_a_joiner_or_within_a_flag() {
    let family = "👨\u{200d}👩\u{200d}👧";
    for part in [family, SCOTLAND, "می\u{200c}خواهم", "ന\u{d4d}\u{200d}"] {
        for pad in 0..40 {
            let name = format!("{}{}.jpg", "a".repeat(pad), part.repeat(100));
            let kept = clean(&name).expect("a name");
            assert!(kept.len() <= MAX_BYTES && kept.ends_with(".jpg"), "{kept}");
            assert_eq!(check(&kept), Ok(()), "{}", kept.escape_unicode());
        }
    }
}

#[test]
fn a_refusal_names_the_character() {
    let refused = |name: &str, expect: &str| {
        let error = check(name).expect_err(name).to_string();
        assert!(error.contains(expect), "{error}");
    };
    refused("", "1 to 255 bytes");
    refused(&"é".repeat(128), "1 to 255 bytes");
    refused("..", "dots");
    refused("a/b", "U+002F");
    refused("a\\b", "U+005C");
    refused("a\tb", "U+0009");
    refused("a\u{202e}b", "U+202E");
    refused("a\u{e0001}b", "U+E0001");
    refused("می\u{200c}.jpg", "U+200C");
    refused("c\u{200d}at.jpg", "U+200D");
    refused("🏴\u{e0067}.jpg", "U+E0067");
    refused(" a", "U+0020");
    refused("a\u{3000}", "U+3000");
}

/// Text in which joiners and tags are often beside what they belong to.
const SPECIAL: &str = "(می|خ|क|\u{94d}|\u{9bc}|a|1|\\.| |/|\u{200c}|\u{200d}|\u{200e}|👨|🏽|\
    \u{fe0f}|🏴|\u{e0067}\u{e0062}\u{e0065}|\u{e006e}|\u{e007f}|♂){0,60}";

proptest::proptest! {
    #[test]
    fn cleaning_is_idempotent_and_its_results_are_accepted(
        name in proptest::prop_oneof![SPECIAL, "\\PC{0,300}", ".{0,300}"],
    ) {
        if let Some(once) = clean(&name) {
            proptest::prop_assert!(once.len() <= MAX_BYTES);
            proptest::prop_assert_eq!(check(&once), Ok(()));
            let twice = clean(&once);
            proptest::prop_assert_eq!(twice, Some(once));
        }
    }

    #[test]
    fn a_name_is_accepted_if_cleaning_does_not_change_it(name in SPECIAL) {
        let is_kept = clean(&name).as_ref() == Some(&name);
        proptest::prop_assert_eq!(check(&name).is_ok(), is_kept);
    }
}

#[test]
fn a_derived_image_has_the_extension_of_its_kind() {
    for (name, kind, expected) in [
        ("cat.jpg", Kind::Webp, "cat.webp"),
        ("cat.JPG", Kind::Jpeg, "cat.JPG"),
        ("cat.jpeg", Kind::Jpeg, "cat.jpeg"),
        ("cat.tar.png", Kind::Jpeg, "cat.tar.jpg"),
        ("cat", Kind::Gif, "cat.gif"),
        ("v1.2", Kind::Avif, "v1.2.avif"),
        (".png", Kind::Webp, ".png.webp"),
    ] {
        assert_eq!(of_kind(name, kind), expected, "{name}");
    }
    let long = of_kind(&"ä".repeat(127), Kind::Webp);
    assert!(
        long.len() <= MAX_BYTES && long.ends_with("ä.webp"),
        "{long}"
    );
}
