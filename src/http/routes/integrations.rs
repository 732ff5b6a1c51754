//! `/v1/integrations`: configurations of programs that upload images.

use std::sync::Arc;

use axum::extract::{FromRequestParts, State};
use axum::http::request::Parts;
use axum::http::{HeaderValue, header};
use axum::response::Response;
use axum::routing::get;
use serde::Serialize;

use super::{Route, seconds};
use crate::auth::{Audience, Claims, Grant, Scope, token};
use crate::http::app::App;
use crate::http::input::extract::{Authorized, Write};
use crate::http::input::iiif::origin;
use crate::http::input::query::{FromQuery, Query, refused};
use crate::http::input::visibility::visibility;
use crate::http::openapi::schema;
use crate::http::reply;
use crate::http::reply::problem::Problem;
use crate::model::Visibility;
use crate::number;

pub(super) fn routes() -> Vec<Route> {
    vec![("/v1/integrations/sharex", get(sharex))]
}

/// The version of ShareX that introduced the syntax of the file.
const VERSION: &str = "15.0.0";
/// The preset whose images are thumbnails, if the deployment has it.
const THUMBNAIL: &str = "thumb";

/// A custom uploader of ShareX (<https://getsharex.com/docs/custom-uploader>).
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = ShareXUploader)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct ShareXView {
    /// The version of ShareX that the syntax is of.
    version: &'static str,
    /// The name of the uploader.
    name: String,
    /// What it uploads.
    destination_type: &'static str,
    /// The method of the request.
    request_method: &'static str,
    /// The URL of the request.
    #[serde(rename = "RequestURL")]
    #[schema(format = "uri")]
    request_url: String,
    /// The header fields of the request.
    headers: ShareXHeaders,
    /// The type of its body.
    body: &'static str,
    /// The parts of the form besides the file.
    arguments: ShareXArguments,
    /// The name of the part that is the file.
    file_form_name: &'static str,
    /// Where the answer has the URL of the image.
    #[serde(rename = "URL")]
    url: String,
    /// Where the answer has the URL of a small version, if the deployment has the preset `thumb`.
    #[serde(rename = "ThumbnailURL", skip_serializing_if = "Option::is_none")]
    thumbnail_url: Option<String>,
    /// Where a problem has its explanation.
    error_message: &'static str,
}

/// The header fields of ShareX's requests.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "PascalCase")]
struct ShareXHeaders {
    /// The token, which allows only uploads.
    authorization: String,
}

/// The form of ShareX's requests.
#[derive(Debug, Serialize, utoipa::ToSchema)]
struct ShareXArguments {
    /// Who may download the images without a token.
    #[schema(value_type = schema::Visibility)]
    visibility: &'static str,
}

/// The query of the request.
pub(crate) struct Wanted {
    expires_in: Option<u64>,
    visibility: Visibility,
}

/// The parameters of the request, for the description of the API.
#[derive(utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes the query")]
pub(crate) struct WantedParameters {
    /// The lifetime of the file's token in seconds: at most that of the request's token, which is
    /// the default, and the deployment's `max_token_seconds`.
    #[param(value_type = Option<schema::TokenSeconds>, inline)]
    expires_in: Option<u64>,
    /// Who may download the images without a token: anyone (`public`, the default, so that the URL
    /// of an image can be shared) or nobody (`private`).
    #[param(value_type = Option<schema::Visibility>, inline)]
    visibility: Option<String>,
}

impl FromQuery for Wanted {
    const NAMES: &'static [&'static str] = &["expires_in", "visibility"];

    fn from_query(query: &Query) -> Result<Self, Problem> {
        let expires_in = query.one("expires_in")?.map(|text| {
            let must = "expires_in must be a whole number of seconds";
            number::whole(text).ok_or_else(|| refused("expires_in", must))
        });
        let visibility = query.one("visibility")?.map(visibility).transpose()?;
        Ok(Self {
            expires_in: expires_in.transpose()?,
            visibility: visibility.unwrap_or(Visibility::Public),
        })
    }
}

/// What precedes the paths of absolute URLs.
pub(crate) struct Origin(String);

impl FromRequestParts<Arc<App>> for Origin {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Problem> {
        Ok(Self(origin(parts, app)))
    }
}

/// Get a configuration for ShareX
///
/// Returns a custom uploader of ShareX 15 and later, as a file to open. It has a token of the same
/// owner that allows only uploads, and that never is valid for longer than the token of the request.
#[utoipa::path(
    get, path = "/v1/integrations/sharex", operation_id = "getShareXUploader", tag = "Service",
    params(WantedParameters),
    responses((status = 200, description = "The file.", body = ShareXView,
        headers(("Cache-Control"), ("Content-Disposition")))),
    security(("token" = ["images:write"])),
)]
pub(crate) async fn sharex(
    State(app): State<Arc<App>>,
    caller: Authorized<Write, Wanted>,
    Origin(origin): Origin,
) -> Result<Response, Problem> {
    let wanted = &caller.parameters;
    let token = token_for_uploads(&app, &caller.grant, wanted.expires_in)?;
    // Without a base, the URLs of an answer are paths.
    let base = match app.settings.http.public_base_url {
        Some(_) => "",
        None => &origin,
    };
    let url = format!("{base}{{json:links.content}}");
    let is_public = wanted.visibility == Visibility::Public;
    let derived = &app.settings.derived;
    let has_thumbnail = derived.is_on && derived.presets.get(THUMBNAIL).is_some();
    let thumbnail = (is_public && has_thumbnail).then(|| format!("{url}?preset={THUMBNAIL}"));
    let mut response = reply::ok(&ShareXView {
        version: VERSION,
        name: format!("Darkroom ({origin})"),
        destination_type: "ImageUploader",
        request_method: "POST",
        request_url: format!("{origin}/v1/images"),
        headers: ShareXHeaders {
            authorization: format!("Bearer {token}"),
        },
        body: "MultipartFormData",
        arguments: ShareXArguments {
            visibility: wanted.visibility.as_str(),
        },
        file_form_name: "file",
        url,
        thumbnail_url: thumbnail,
        error_message: "{json:detail}",
    });
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    let file = HeaderValue::from_static("attachment; filename=\"darkroom.sxcu\"");
    headers.insert(header::CONTENT_DISPOSITION, file);
    Ok(response)
}

/// A token for the owner of `grant` that allows nothing but uploads, and nothing that `grant` does
/// not allow: neither for longer, nor beyond its quota.
fn token_for_uploads(app: &App, grant: &Grant, expires_in: Option<u64>) -> Result<String, Problem> {
    let access = &app.settings.access;
    let now = app.service.now().seconds();
    let left = grant.expires.saturating_sub(now);
    let most = left.min(access.max_token_seconds);
    let lifetime = match expires_in {
        Some(wanted) => seconds("expires_in", wanted, most)
            .map_err(|problem| problem.with("parameter", "expires_in"))?,
        None => most,
    };
    let quota = (!grant.quota.is_empty()).then_some(grant.quota);
    let claims = Claims {
        sub: grant.owner.clone(),
        exp: now + lifetime,
        iat: Some(now),
        aud: access.token_audience.clone().map(Audience::One),
        scope: Scope::Write.as_str().to_owned(),
        quota,
        ..Claims::default()
    };
    Ok(token::mint(&access.signing_keys, None, &claims)?)
}
