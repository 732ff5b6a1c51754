//! The parameters of a derived image: of a query, or in JSON.

mod widths;

use axum::http::HeaderMap;
use darkroom_transform::{Format, FormatChoice, NAMES, Request};
use serde_json::Value;

use super::json::Members;
use super::query::Query;
use crate::auth::Scope;
use crate::http::app::App;
use crate::http::headers::accept;
use crate::http::input::extract::Reader;
use crate::http::openapi::schema;
use crate::http::reply::problem::{Problem, ProblemKind};
use crate::model::parameter_text;
use crate::service::Wanted;
use crate::settings::{Derived, TransformPolicy};

pub(crate) use widths::{MAX_WIDTHS, Widths, of_json as of_widths};

/// A transform in JSON: an object of parameters.
pub(crate) type Parameters = Members<Value, { NAMES.len() }>;

/// The parameters of derived images, for the description of the API.
#[derive(Debug, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "transforms are read by `darkroom_transform`")]
pub(crate) struct TransformParameters {
    /// The width of the box in CSS pixels. Without `h`, the height follows the ratio.
    #[param(value_type = Option<schema::Side>, inline)]
    w: u32,
    /// The height of the box in CSS pixels. Without `w`, the width follows the ratio.
    #[param(value_type = Option<schema::Side>, inline)]
    h: u32,
    /// Multiplies `w` and `h`.
    #[param(value_type = Option<schema::Ratio>, inline)]
    dpr: f64,
    /// How the image meets the box: `scale-down` (inside it, never enlarged), `contain` (inside
    /// it), `cover` (fills it; the rest is cut off), `crop` (as `cover`, but never enlarged),
    /// `pad` (inside it, with a border that fills it) or `squeeze` (fills it, whatever the ratio).
    #[param(value_type = Option<schema::Fit>, inline)]
    fit: String,
    /// What stays where something is cut off: `center`, a compass point such as `northeast`,
    /// `auto`, or a point as two fractions, such as `0.5,0.2`.
    #[param(value_type = Option<String>, example = "auto")]
    gravity: String,
    /// What is cut out first: left, top, width and height, in pixels of the upright image or in
    /// percent.
    #[param(value_type = Option<String>, example = "10%,10%,80%,80%")]
    crop: String,
    /// Degrees clockwise.
    #[param(value_type = Option<schema::Rotation>, inline)]
    rotate: u32,
    /// Mirrors the image before it is rotated: horizontally, vertically or both.
    #[param(value_type = Option<schema::Flip>, inline)]
    flip: String,
    /// Blurs the result: the standard deviation in pixels, from 0.3 to 100.
    #[param(value_type = Option<schema::Blur>, inline)]
    blur: f64,
    /// Sharpens the result, from 0 to 10.
    #[param(value_type = Option<schema::Sharpen>, inline)]
    sharpen: f64,
    /// The colour under transparency and around padding, as `RRGGBB` or `RRGGBBAA`.
    #[param(value_type = Option<String>, example = "ffffff")]
    background: String,
    /// The format of the result: `source` (the default), `auto` (the best that `Accept` names),
    /// or a format.
    #[param(value_type = Option<schema::FormatChoice>, inline)]
    format: String,
    /// The quality.
    #[param(value_type = Option<schema::Quality>, inline)]
    q: u8,
    /// Whether an animation is kept (`1`, the default) or only its first frame (`0`).
    #[param(value_type = Option<schema::Flag>, inline)]
    anim: u8,
    /// The name of a preset. Only `dpr`, `format` and `q` may be given with it.
    #[param(value_type = Option<String>, example = "thumb")]
    preset: String,
}

/// Reads the parameters of a query. Others are ignored. Readers who may request presets only are
/// strangers, whose variations of presets are few, so that they cannot fill the store with them.
pub(crate) fn of_query(app: &App, query: &Query, reader: &Reader) -> Result<Request, Problem> {
    let derived = &app.settings.derived;
    let is_free = derived.policy == TransformPolicy::Any || is_trusted(reader);
    let request = match is_free {
        true => Request::parse(query.pairs(), &derived.presets)?,
        false => Request::parse_rounded(query.pairs(), &derived.presets)?,
    };
    Ok(snapped(request, derived))
}

/// The request with its width on the ladder, if that is the setting. The operator has chosen the
/// sizes of presets, so they stay.
fn snapped(mut request: Request, settings: &Derived) -> Request {
    let preset = request.preset.as_deref();
    let preset = preset.and_then(|name| settings.presets.get(name));
    let has_own_size = preset.is_some_and(|preset| preset.size() == request.transform.size());
    if settings.snaps && !has_own_size {
        request.transform = request.transform.snapped(&settings.ladder);
    }
    request
}

/// A request, and the parameters of the query that asks for it.
pub(crate) type Described = (Request, Vec<(String, String)>);

/// Checks the members `transform` and `preset` of a request, and returns the parameters of a
/// query that asks for the same: in canonical form, except that a preset keeps its name.
pub(crate) fn of_json(
    app: &App,
    transform: Option<&Parameters>,
    preset: Option<&str>,
) -> Result<Described, Problem> {
    checked(app, &given(transform, preset)?)
}

/// The names and values of parameters in JSON.
fn given<'a>(
    transform: Option<&'a Parameters>,
    preset: Option<&str>,
) -> Result<Vec<(&'a str, String)>, Problem> {
    let refuse = |name: &str, detail: String| {
        let problem = Problem::bad_request(detail).with("field", "transform");
        problem.with("parameter", name)
    };
    let mut given: Vec<(&str, String)> = Vec::new();
    for (name, value) in transform.iter().flat_map(|members| &members.0) {
        if !NAMES.contains(&name.as_str()) {
            let problem = refuse(name, format!("unknown parameter {name:?} in transform"));
            return Err(problem.with("allowed", NAMES.to_vec()));
        }
        let text = parameter_text(value);
        let must = || refuse(name, format!("{name} must be a string or a number"));
        given.push((name, text.ok_or_else(must)?));
    }
    given.extend(preset.map(|preset| ("preset", preset.to_owned())));
    Ok(given)
}

/// Checks parameters that were given in JSON.
fn checked(app: &App, given: &[(&str, String)]) -> Result<Described, Problem> {
    let settings = &app.settings.derived;
    let pairs = given.iter().map(|(name, value)| (*name, value.as_str()));
    let request = Request::parse(pairs.clone(), &settings.presets)
        .map_err(|error| Problem::from(error).with("field", "transform"))?;
    let request = snapped(request, settings);
    let owned = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
    let signed = if request.preset.is_some() {
        pairs.map(owned).collect()
    } else {
        // The canonical form is a query, in which `%` is encoded.
        let canonical = request.transform.to_string();
        let query = Query::parse(&canonical)?;
        query.pairs().map(owned).collect()
    };
    Ok((request, signed))
}

/// Refuses a transform that the policy does not let this reader request.
pub(crate) fn permit(app: &App, request: &Request, reader: &Reader) -> Result<(), Problem> {
    permit_for(app, request, is_trusted(reader))
}

/// Whether the reader may read private images, or this one by a signed URL.
fn is_trusted(reader: &Reader) -> bool {
    match reader {
        Reader::Linked(_) => true,
        Reader::Granted(grant) => grant.allows(Scope::Read),
        Reader::Anybody => false,
    }
}

/// Whether the policy lets this reader request any transform.
pub(crate) fn may_any(app: &App, reader: &Reader) -> bool {
    may_any_for(app, is_trusted(reader))
}

fn may_any_for(app: &App, is_trusted: bool) -> bool {
    match app.settings.derived.policy {
        TransformPolicy::Any => true,
        TransformPolicy::Signed => is_trusted,
        TransformPolicy::Presets => false,
    }
}

/// The same for a caller who may read the image with a token or a signed URL, or who may not.
pub(crate) fn permit_for(app: &App, request: &Request, is_trusted: bool) -> Result<(), Problem> {
    let policy = app.settings.derived.policy;
    if may_any_for(app, is_trusted) || request.preset.is_some() || request.transform.is_empty() {
        return Ok(());
    }
    let detail = match policy {
        TransformPolicy::Presets => "only presets may be requested",
        _ => "only presets may be requested without a token or a signed URL",
    };
    let presets: Vec<&str> = app
        .settings
        .derived
        .presets
        .iter()
        .map(|(name, _)| name)
        .collect();
    Err(Problem::new(ProblemKind::TransformNotAllowed, detail).with("allowed", presets))
}

/// What the request wants, of a client that sends these headers.
pub(crate) fn wanted(request: &Request, headers: &HeaderMap) -> Wanted {
    let accepts = match request.transform.format() {
        FormatChoice::Auto => {
            let formats = Format::ALL.into_iter();
            formats
                .filter(|format| accept::names(headers, format.media_type()))
                .collect()
        }
        _ => Vec::new(),
    };
    Wanted {
        transform: request.transform,
        accepts,
    }
}
