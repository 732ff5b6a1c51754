//! The meaning of the variables, and that their table is what is published.

mod published;

use super::*;
use crate::auth::token;
use crate::media::{Strip, Trailing};
use crate::model::Kind;

fn parse(variable: &'static str, value: &str) -> Result<Settings, SettingsError> {
    Settings::of_test(&[(variable, value)])
}

#[test]
fn unset_variables_have_the_documented_defaults() {
    let settings = parse("max_pixels", " ").expect("parses");
    assert_eq!(settings.uploads.max_bytes, 26_214_400);
    assert_eq!(settings.media.max_pixels, 50_000_000);
    let media = &settings.media;
    assert_eq!((media.max_width, media.max_height), (65_535, 65_535));
    assert_eq!(settings.media.max_frames, 1000);
    assert_eq!(settings.media.max_metadata_bytes, 1_048_576);
    assert_eq!(settings.media.accepted, Kind::ALL);
    assert_eq!(settings.media.strip, Some(Strip::Location));
    assert_eq!(settings.media.trailing, Trailing::Cut);
    assert_eq!(settings.stores.chunk_bytes, 393_216);
    assert!(settings.uploads.quota.is_unlimited());
    assert!(!settings.rates.are_on());
    assert_eq!(settings.http.request_log, RequestLog::All);
    assert_eq!(settings.http.metrics, MetricsAccess::Admin);
    assert!(!settings.http.strict_forms);
    assert!(!settings.http.server_timing && !settings.stores.verify_downloads);
    assert!(settings.http.page);
    assert_eq!(
        settings.access.max_token_seconds,
        token::DEFAULT_MAX_SECONDS
    );
    assert_eq!(settings.uploads.max_seconds, 21_600);
    assert_eq!(settings.stores.late_write_seconds, 900);
    assert_eq!(settings.stores.delete_grace_seconds, 900);
    assert_eq!(
        (
            settings.access.token_audience,
            settings.http.public_base_url
        ),
        (None, None)
    );
}

#[test]
fn the_ladder_is_a_list_of_widths_that_images_can_have() {
    let ladder = |variables: &[(&'static str, &str)]| {
        let settings = Settings::of_test(variables)?;
        Ok::<_, SettingsError>(settings.derived.ladder.widths().to_vec())
    };
    let usual = [
        16, 32, 48, 64, 96, 128, 256, 384, 640, 750, 828, 1080, 1200, 1920, 2048, 3840,
    ];
    assert_eq!(ladder(&[]), Ok(usual.to_vec()));
    assert_eq!(
        ladder(&[("width_ladder", "900, 300,900")]),
        Ok(vec![300, 900])
    );
    let small = ("max_derived_side", "700");
    assert_eq!(ladder(&[small]), Ok(usual[..9].to_vec()));
    assert_eq!(ladder(&[small, ("width_ladder", "800")]), Ok(vec![700]));
    let long = vec!["5"; 65].join(",");
    for wrong in ["0", "300,a", "-1", "1.5", ",", "99999999999", &long] {
        let refused = parse("width_ladder", wrong).map(|_| ()).expect_err(wrong);
        assert_eq!(refused.variable, "width_ladder");
    }
}

#[test]
fn valid_values_are_accepted() {
    let types = parse("accepted_types", "png, jpeg,png")
        .expect("parses")
        .media
        .accepted;
    assert_eq!(types, [Kind::Png, Kind::Jpeg]);
    let strip = |word| parse("strip_metadata", word).map(|settings| settings.media.strip);
    assert_eq!(strip("all"), Ok(Some(Strip::All)));
    assert_eq!(strip("none"), Ok(None));
    let settings = parse("trailing_data", "reject").expect("parses");
    assert_eq!(settings.media.trailing, Trailing::Reject);
    let base = parse("public_base_url", "https://a.example/images/").expect("parses");
    assert_eq!(
        base.http.public_base_url.as_deref(),
        Some("https://a.example/images")
    );
    let quota = parse("quota_bytes", "5").expect("parses").uploads.quota;
    assert_eq!((quota.images, quota.bytes), (None, Some(5)));
    let unset = parse("quota_images", "0").expect("parses").uploads.quota;
    assert!(unset.is_unlimited());
    let log = parse("request_log", "errors")
        .expect("parses")
        .http
        .request_log;
    assert_eq!(log, RequestLog::Errors);
    let settings = parse("verify_downloads", "sha256").expect("parses");
    assert!(settings.stores.verify_downloads);
    let strict = parse("strict_forms", "on").expect("parses");
    assert!(strict.http.strict_forms);
    assert!(
        parse("server_timing", "on")
            .expect("parses")
            .http
            .server_timing
    );
}

#[test]
fn a_variable_with_a_wrong_value_is_named() {
    for (variable, value) in [
        ("signing_keys", ""),
        ("signing_keys", "dev:short"),
        ("max_upload_bytes", "25 MiB"),
        ("max_upload_bytes", "0"),
        ("rate_limit_requests", "10/s"),
        ("rate_limit_bytes", "-1"),
        // Less than the largest file.
        ("rate_limit_bytes", "26214399"),
        ("max_upload_seconds", "6h"),
        ("max_pixels", "-1"),
        ("max_width", "0"),
        ("max_height", "2147483648"),
        ("max_frames", "10001"),
        ("max_metadata_bytes", "1000"),
        ("strip_metadata", "exif"),
        ("trailing_data", "keep"),
        ("delete_grace_seconds", "0"),
        ("accepted_types", "jpeg,svg"),
        ("accepted_types", ","),
        ("chunk_bytes", "1000"),
        ("chunk_bytes", "99999999999"),
        ("max_link_seconds", "0"),
        ("link_bucket_seconds", "1.5"),
        ("quota_images", "many"),
        ("quota_bytes", "-1"),
        ("request_log", "yes"),
        ("verify_downloads", "on"),
        ("server_timing", "true"),
        ("strict_forms", "yes"),
        ("metrics", "off"),
        ("cors_origins", "app.example.com"),
        ("cors_origins", "https://app.example.com/"),
        ("cors_origins", "https://a.example,*"),
        ("public_base_url", "images.example.com"),
        ("public_base_url", "ftp://images.example.com"),
        ("public_base_url", "https://a.example/?q"),
    ] {
        let error = parse(variable, value).expect_err("must be refused");
        assert_eq!(error.variable, variable, "{value:?}");
        assert!(error.to_string().contains(variable));
    }
}

#[test]
fn examples_are_valid_and_differ_from_the_defaults() {
    let with = |changes: &[(&'static str, &str)]| {
        let examples = variables().map(|variable| (variable.name, variable.example));
        let mut set: BTreeMap<&str, String> = examples
            .map(|(name, example)| (name, example.to_owned()))
            .collect();
        // The example of a key is none, lest somebody use it.
        set.insert("signing_keys", TEST_KEYS.to_owned());
        let changes = changes.iter();
        set.extend(changes.map(|(name, value)| (*name, (*value).to_owned())));
        Settings::parse(&set)
    };
    // Its two values need different endpoints.
    let by_path = with(&[("s3_path_style", "true")]).expect("valid examples");
    assert!(matches!(by_path.stores.blobs, BlobStoreSetting::S3(_)));
    with(&[("s3_endpoint", "https://photos.s3.example.com")]).expect("valid examples");
    for variable in variables() {
        assert_ne!(variable.example, variable.default, "{}", variable.name);
    }
}

fn names() -> Vec<&'static str> {
    variables().map(|variable| variable.name).collect()
}

#[test]
fn no_two_variables_have_the_same_name() {
    let mut known = std::collections::BTreeSet::new();
    assert!(names().into_iter().all(|name| known.insert(name)));
}

#[test]
fn presets_and_their_parameters_are_named_once() {
    let reason = |value: &str| match parse("presets", value) {
        Ok(_) => String::new(),
        Err(error) => error.to_string(),
    };
    assert_eq!(reason(r#"{"a": {"w": 1}, "b": {"w": 1}}"#), "");
    let twice = reason(r#"{"a": {"w": 1}, "b": {}, "a": {"w": 2}}"#);
    assert!(twice.contains(r#"has "a" twice"#), "{twice}");
    let escaped = reason(r#"{"a": {"w": 1}, "\u0061": {"w": 1}}"#);
    assert!(escaped.contains(r#"has "a" twice"#), "{escaped}");
    let parameter = reason(r#"{"a": {"w": 1, "w": 2}}"#);
    assert!(parameter.contains('w'), "{parameter}");
    for wrong in [
        "[]",
        "{",
        r#"{"a": 1}"#,
        r#"{"a": {"w": []}}"#,
        r#"{"a": {}} {}"#,
    ] {
        assert!(reason(wrong).contains("presets"), "{wrong}");
    }
}

proptest::proptest! {
    #[test]
    fn a_value_is_accepted_or_its_variable_is_named(
        variable in proptest::sample::select(names()),
        value in "[0-9]{1,20}|[a-z-]{0,9}|https?://[a-zA-Z0-9.:/@?#,-]{0,20}|.{0,20}",
    ) {
        match parse(variable, &value) {
            Ok(settings) => if let Some(base) = settings.http.public_base_url {
                proptest::prop_assert!(base.starts_with("http") && !base.ends_with('/'));
            },
            Err(error) => proptest::prop_assert_eq!(error.variable, variable),
        }
    }

    #[test]
    fn numbers_are_read_exactly(number in 1u64..=1 << 40) {
        let settings = parse("max_upload_bytes", &number.to_string()).expect("within bounds");
        proptest::prop_assert_eq!(settings.uploads.max_bytes, number);
    }

    #[test]
    fn only_listed_origins_are_allowed(
        listed in proptest::collection::vec("https?://[a-z0-9.-]{1,9}(:[0-9]{1,4})?", 1..4),
        other in "https?://[a-z0-9.-]{1,9}",
    ) {
        let origins = parse("cors_origins", &listed.join(" , ")).expect("origins").http.cors_origins;
        proptest::prop_assert!(listed.iter().all(|origin| origins.allow(origin)));
        proptest::prop_assert_eq!(origins.allow(&other), listed.contains(&other));
    }
}
