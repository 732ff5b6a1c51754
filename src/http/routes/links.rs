//! `/v1/images/{id}/links`: signed URLs.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::post;
use serde::{Deserialize, Serialize};

use super::seconds;
use crate::auth::link::{Link, LinkMethod};
use crate::catalog::Timestamp;
use crate::http::extract::{Authorized, ImageId, Read, Write};
use crate::http::problem::{Problem, ProblemKind};
use crate::http::{App, body, view};

pub(in crate::http) fn router() -> Router<Arc<App>> {
    Router::new().route("/v1/images/{id}/links", post(create).delete(revoke))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct NewLink {
    expires_in: u64,
    #[serde(default)]
    method: Option<String>,
    #[serde(default)]
    download: bool,
}

#[derive(Debug, Serialize)]
struct LinkView {
    url: String,
    expires_at: String,
}

async fn create(
    State(app): State<Arc<App>>,
    caller: Authorized<Read>,
    ImageId(id): ImageId,
    request: Request,
) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    let wanted: NewLink = body::json(&parts.headers, body, &["application/json"]).await?;
    let settings = &app.settings;
    let lifetime = seconds("expires_in", wanted.expires_in, settings.max_link_seconds)?;
    let method = method(wanted.method.as_deref())?;
    let image = app.service.find(&caller.grant, id).await?;
    // Rounded up, so that links made within a bucket are the same URL.
    let bucket = settings.link_bucket_seconds;
    let expires = (app.service.now().seconds() + lifetime).div_ceil(bucket) * bucket;
    let path = format!("{}/content", view::url("", id));
    let link = Link {
        method,
        path: &path,
        parameters: if wanted.download {
            &[("download", "1")]
        } else {
            &[]
        },
        epoch: image.link_epoch,
        expires,
    };
    let base = settings.public_base_url.as_deref().unwrap_or_default();
    let mut response = view::json(&LinkView {
        url: format!("{base}{}", link.sign(&settings.signing_keys, None)?),
        expires_at: Timestamp::from_seconds(expires).to_string(),
    });
    *response.status_mut() = StatusCode::CREATED;
    Ok(response)
}

fn method(word: Option<&str>) -> Result<LinkMethod, Problem> {
    let parsed = word.map_or(Some(LinkMethod::Get), LinkMethod::parse);
    parsed.ok_or_else(|| {
        Problem::new(ProblemKind::BadRequest, "method must be GET or HEAD")
            .with("allowed", vec!["GET", "HEAD"])
    })
}

async fn revoke(
    State(app): State<Arc<App>>,
    caller: Authorized<Write>,
    ImageId(id): ImageId,
) -> Result<StatusCode, Problem> {
    app.service.revoke_links(&caller.grant, id).await?;
    Ok(StatusCode::NO_CONTENT)
}
