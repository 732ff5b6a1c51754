//! `/iiif/3/{identifier}`: images by the IIIF Image API 3.0, level 2. What it asks for is derived,
//! stored and served as what the query of `/content` asks for.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::Response;
use axum::routing::get;
use darkroom_transform::Format;
use darkroom_transform::iiif::{self, Canonical, Pyramid};
use serde::Serialize;

use super::{Route, content};
use crate::http::app::App;
use crate::http::headers::accept;
use crate::http::input::extract::Reader;
use crate::http::input::iiif::Target;
use crate::http::input::transform::may_any;
use crate::http::layers::security;
use crate::http::reply::problem::Problem;
use crate::http::reply::problem::ProblemKind::*;
use crate::http::reply::{cached, json, see_other};
use crate::model::{Image, Visibility};
use crate::service::{DerivationError, Wanted};
use crate::settings::TransformPolicy;

pub(super) fn routes() -> Vec<Route> {
    vec![
        ("/iiif/3/{identifier}", get(redirect)),
        ("/iiif/3/{identifier}/info.json", get(information)),
        (
            "/iiif/3/{identifier}/{region}/{size}/{rotation}/{file}",
            get(image),
        ),
    ]
}

/// The most pixels of a result: as many as the component that derives has memory for, in the
/// formats of level 2.
const MAX_AREA: u64 = 25_000_000;

/// The media type of image information (§5.1).
const JSON_LD: &str = "application/ld+json";
const JSON_LD_OF_CONTEXT: HeaderValue = HeaderValue::from_static(
    "application/ld+json;profile=\"http://iiif.io/api/image/3/context.json\"",
);
/// The profile of level 2 (§6), as a field `Link`.
const PROFILE: &str = "<http://iiif.io/api/image/3/level2.json>;rel=\"profile\"";

/// What the IIIF Image API offers of an image.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = ImageService)]
#[serde(rename_all = "camelCase")]
pub(crate) struct InformationView {
    /// The terms of this object, for JSON-LD.
    #[serde(rename = "@context")]
    context: &'static str,
    /// The URL of the service, which begins the URLs of all images.
    #[schema(format = "uri")]
    id: String,
    /// The kind of service.
    r#type: &'static str,
    /// The protocol.
    protocol: &'static str,
    /// The level of compliance.
    profile: &'static str,
    /// The width of the image in pixels.
    width: u32,
    /// The height of the image in pixels.
    height: u32,
    /// The maximum width of a result in pixels.
    max_width: u32,
    /// The maximum height of a result in pixels.
    max_height: u32,
    /// The maximum number of pixels of a result.
    max_area: u64,
    /// Sizes of the whole image, smallest first.
    sizes: Vec<SizeView>,
    /// The tiles for a deep zoom.
    tiles: [TilesView; 1],
    /// The formats besides those of the level.
    extra_formats: [&'static str; 3],
    /// The qualities besides `default`.
    extra_qualities: [&'static str; 3],
    /// The features besides those of the level.
    extra_features: [&'static str; 4],
}

/// A size of the whole image.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = ImageServiceSize)]
struct SizeView {
    /// In pixels.
    width: u32,
    /// In pixels.
    height: u32,
}

/// Tiles of one size.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = ImageServiceTiles)]
#[serde(rename_all = "camelCase")]
struct TilesView {
    /// The width and height of a tile in pixels.
    width: u32,
    /// By how much the image is reduced.
    scale_factors: Vec<u32>,
}

/// Find the IIIF service of an image
///
/// Redirects to the image information.
#[utoipa::path(
    method(get, head), path = "/iiif/3/{identifier}", operation_id = "getImageService", tag = "IIIF",
    responses(
        (status = 200, description = "The image information, for clients that follow the redirect.",
            content((InformationView = "application/ld+json"), (InformationView = "application/json"))),
        (status = 303, description = "The image information.", headers(("Location"))),
    ),
    security(("token" = ["images:read"]), ()),
    extensions(("x-problems" = json!([BadRequest, LinkInvalid, LinkExpired]))),
)]
pub(crate) async fn redirect(target: Target) -> Response {
    see_other(&format!("{}/info.json", target.service))
}

/// Get image information
///
/// Returns what the IIIF Image API 3.0 offers of an image: its size, tiles and limits. The request
/// needs what requests for the images need.
#[utoipa::path(
    method(get, head), path = "/iiif/3/{identifier}/info.json", operation_id = "getImageInformation", tag = "IIIF",
    responses((status = 200, description = "The image information.",
        content((InformationView = "application/ld+json"), (InformationView = "application/json")),
        headers(("Cache-Control"), ("Link")))),
    security(("token" = ["images:read"]), ()),
    extensions(
        ("x-cached" = json!(true)),
        ("x-problems" = json!([BadRequest, LinkInvalid, LinkExpired, LinkRevoked,
            TransformNotAllowed, DerivationUnavailable])),
    ),
)]
pub(crate) async fn information(
    State(app): State<Arc<App>>,
    target: Target,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let Target {
        id,
        reader,
        service,
        ..
    } = target;
    let found = content::find(&app, &reader, id, &Wanted::default()).await?;
    permit(&app, &reader)?;
    if !app.settings.derived.is_on {
        return Err(DerivationError::Unavailable.into());
    }
    let media_type = match accept::choose(&headers, &[JSON_LD, "application/json"])? {
        JSON_LD => JSON_LD_OF_CONTEXT,
        _ => cached::JSON,
    };
    let visibility = found.image.visibility;
    let body = json::print(&view(&found.image, service, &limits(&app)))?;
    let mut response = cached::respond(&headers, media_type, &cached::etag(&body), body);
    let headers = response.headers_mut();
    headers.append(header::VARY, HeaderValue::from_static("Accept"));
    headers.insert(header::LINK, HeaderValue::from_static(PROFILE));
    open(&app, &reader, visibility, headers)?;
    Ok(response)
}

/// Get an image by the IIIF Image API
///
/// Returns a part of an image in a size, rotation, quality and format (IIIF Image API 3.0,
/// level 2). The request needs a token with `images:read` or an identifier with a signature, unless
/// the image is public and `transform_policy` is `any`.
#[utoipa::path(
    method(get, head), path = "/iiif/3/{identifier}/{region}/{size}/{rotation}/{file}",
    operation_id = "getIiifImage", tag = "IIIF",
    params(("Range", Header), ("If-Range", Header)),
    responses(
        (status = 200, description = "The image.",
            content((Vec<u8> = "image/*")),
            headers(("Accept-Ranges"), ("Cache-Control"), ("Content-Disposition"), ("Link"), ("Repr-Digest"))),
        (status = 206, description = "The requested range, or several ranges as parts.",
            content((Vec<u8> = "image/*"), (Vec<u8> = "multipart/byteranges")),
            headers(("Cache-Control"), ("Content-Range"), ("ETag"))),
    ),
    security(("token" = ["images:read"]), ()),
    extensions(
        ("x-conditional" = json!(true)),
        ("x-problems" = json!([BadRequest, LinkInvalid, LinkExpired, LinkRevoked,
            RangeNotSatisfiable, TransformNotAllowed, DerivedTooLarge, NotDerivable,
            DerivationUnavailable, DerivationBusy])),
    ),
)]
pub(crate) async fn image(
    State(app): State<Arc<App>>,
    target: Target,
    request: Request,
) -> Result<Response, Problem> {
    let (request, _) = request.into_parts();
    let (id, reader) = (target.id, &target.reader);
    let limits = limits(&app);
    let asked = match &target.rest[..] {
        [region, size, rotation, file] => iiif::Request::parse(region, size, rotation, file),
        _ => Err(iiif::Error::File),
    };
    // What a tile is derived by is known before its image is, so that one read finds both.
    let likely = asked.ok().and_then(|asked| asked.likely(&limits));
    let mut wanted = Wanted {
        transform: likely.unwrap_or_default(),
        accepts: Vec::new(),
    };
    let mut found = content::find(&app, reader, id, &wanted).await?;
    permit(&app, reader)?;
    // A path is judged only for callers that may read the image.
    let size = (found.image.width, found.image.height);
    let asked = asked?.resolved(size, &limits)?;
    if asked.transform != wanted.transform {
        wanted.transform = asked.transform;
        found = content::find(&app, reader, id, &wanted).await?;
    }
    let content = app.service.content(&found, &wanted).await?;
    let mut headers = content::headers(&found.image, &content, false);
    headers.insert(header::LINK, links(&target.service, &asked.canonical)?);
    open(&app, reader, found.image.visibility, &mut headers)?;
    content::serve(&app, &request, &content, headers).await
}

/// Checks that the policy lets this reader request whatever the API can ask for.
fn permit(app: &App, reader: &Reader) -> Result<(), Problem> {
    if may_any(app, reader) {
        return Ok(());
    }
    let detail = match app.settings.derived.policy {
        TransformPolicy::Presets => {
            "the setting transform_policy allows only presets, so there are no IIIF images"
        }
        _ => {
            "the setting transform_policy allows IIIF images only with a token or a signed \
             identifier, unless it is any"
        }
    };
    Err(Problem::new(TransformNotAllowed, detail).with("setting", "transform_policy"))
}

fn limits(app: &App) -> iiif::Limits {
    iiif::Limits {
        max_side: app.settings.derived.max_side,
        max_area: MAX_AREA,
    }
}

fn view(image: &Image, id: String, limits: &iiif::Limits) -> InformationView {
    let (width, height) = (image.width, image.height);
    let Pyramid {
        tile,
        scale_factors,
        sizes,
    } = Pyramid::new((width, height), limits);
    let sizes = sizes.into_iter();
    InformationView {
        context: "http://iiif.io/api/image/3/context.json",
        id,
        r#type: "ImageService3",
        protocol: "http://iiif.io/api/image",
        profile: "level2",
        width,
        height,
        max_width: limits.max_side,
        max_height: limits.max_side,
        max_area: limits.max_area,
        sizes: sizes
            .map(|(width, height)| SizeView { width, height })
            .collect(),
        tiles: [TilesView {
            width: tile,
            scale_factors,
        }],
        extra_formats: [Format::Gif, Format::Webp, Format::Avif].map(Format::name),
        extra_qualities: ["color", "gray", "bitonal"],
        extra_features: [
            "canonicalLinkHeader",
            "mirroring",
            "profileLinkHeader",
            "sizeUpscaling",
        ],
    }
}

/// The canonical URL and the profile, in one field: some clients read only the first.
fn links(service: &str, canonical: &Canonical) -> Result<HeaderValue, Problem> {
    let value = format!("<{service}/{canonical}>;rel=\"canonical\", {PROFILE}");
    let refused = |_| Problem::new(Internal, "the Link header cannot be created");
    HeaderValue::from_str(&value).map_err(refused)
}

/// The headers that let caches and pages have a response, as far as they may.
fn open(
    app: &App,
    reader: &Reader,
    visibility: Visibility,
    headers: &mut HeaderMap,
) -> Result<(), Problem> {
    let caching = content::cache_control(app, reader, visibility)?;
    headers.insert(header::CACHE_CONTROL, caching);
    if matches!(reader, Reader::Linked(_)) || visibility == Visibility::Public {
        security::allow_embedding(headers);
    }
    Ok(())
}
