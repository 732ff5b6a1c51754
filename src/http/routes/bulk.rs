//! `/v1/images/delete` and `/v1/links`: operations on many images, each with a result of its own.
//!
//! An image gets the status that the operation on this image alone would have had. The request as
//! a whole fails only if it is not valid, or if a store does not respond.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::post;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use uuid::Uuid;

use super::Route;
use super::links::{self, Derived, LinkView, Terms};
use crate::http::app::App;
use crate::http::input::extract::{self, Authorized, Delete, Read};
use crate::http::input::json::{self, Json, List};
use crate::http::input::transform::{Parameters, Widths};
use crate::http::openapi::schema;
use crate::http::reply;
use crate::http::reply::problem::Problem;
use crate::http::reply::problem::ProblemKind::*;
use crate::model::Image;
use crate::service::ServiceError;

/// The maximum number of images of a request.
pub(crate) const MAX_IMAGES: usize = 100;

pub(super) fn routes() -> Vec<Route> {
    vec![
        ("/v1/images/delete", post(delete)),
        ("/v1/links", post(create_links)),
    ]
}

/// The ids of the images, as sent.
type Ids = List<String, MAX_IMAGES>;

/// Parses the ids. A text that is not an id identifies no image, as in a path.
fn parse(List(ids): &Ids) -> Result<Vec<Option<Uuid>>, Problem> {
    if ids.is_empty() {
        let detail = format!("ids must have 1 to {MAX_IMAGES} elements");
        return Err(Problem::bad_request(detail).with("field", "ids"));
    }
    Ok(ids.iter().map(|text| extract::canonical(text)).collect())
}

/// The images to delete.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ImagesToDelete)]
pub(crate) struct Doomed {
    /// The ids of the images.
    #[schema(value_type = schema::ImageIds)]
    ids: Ids,
}

/// The results of a deletion of many images.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = DeletedImages)]
pub(crate) struct DeletedView<'a> {
    /// A result for each id, in the order of the request.
    items: Vec<DeletedItem<'a>>,
}

/// The result for an image.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = DeletedImage)]
struct DeletedItem<'a> {
    /// The id, as sent.
    id: &'a str,
    /// The status that `deleteImage` would have returned: 204 if the image was deleted.
    status: u16,
    /// Why the image was not deleted; `null` if it was.
    #[schema(required = true, value_type = Option<schema::Problem>)]
    problem: Option<Map<String, Value>>,
}

/// Delete many images
///
/// Deletes up to 100 images immediately, as `deleteImage` does. Each id has a result of its own. An
/// id that is given twice is not found the second time.
#[utoipa::path(
    post, path = "/v1/images/delete", operation_id = "deleteImages", tag = "Images",
    request_body = Doomed,
    responses((status = 200, description = "The result for each image.", body = DeletedView)),
    security(("token" = ["images:delete"])),
)]
pub(crate) async fn delete(
    State(app): State<Arc<App>>,
    caller: Authorized<Delete>,
    Json(body): Json<Doomed>,
) -> Result<Response, Problem> {
    let parsed = parse(&body.ids)?;
    let ids: Vec<Uuid> = parsed.iter().copied().flatten().collect();
    let deleted = app.service.delete_many(&caller.grant, &ids).await?;
    let mut deleted: HashSet<Uuid> = deleted.into_iter().collect();
    let items = body.ids.0.iter().zip(parsed).map(|(id, parsed)| {
        let is_deleted = parsed.is_some_and(|id| deleted.remove(&id));
        let problem = (!is_deleted).then(|| Problem::from(ServiceError::NotFound));
        DeletedItem {
            id,
            status: status(StatusCode::NO_CONTENT, problem.as_ref()),
            problem: problem.as_ref().map(Problem::object),
        }
    });
    Ok(reply::ok(&DeletedView {
        items: items.collect(),
    }))
}

/// The terms of new signed URLs, one for each image.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewLinks {
    /// The ids of the images.
    #[schema(value_type = schema::ImageIds)]
    ids: Ids,
    /// The lifetime in seconds, at most the deployment's `max_link_seconds`.
    #[serde(deserialize_with = "json::whole")]
    #[schema(value_type = schema::LinkSeconds)]
    expires_in: u64,
    /// The method that the URLs allow: `GET`, which includes HEAD, or `HEAD` only.
    #[serde(default)]
    #[schema(value_type = Option<schema::Method>)]
    method: Option<String>,
    /// Whether browsers save the files instead of displaying them.
    #[serde(default)]
    download: bool,
    /// The images to derive, instead of the originals.
    #[serde(default)]
    #[schema(value_type = Option<schema::Transform>)]
    transform: Option<Parameters>,
    /// The name of a preset. With it, `transform` may have `dpr`, `format` and `q` only.
    #[serde(default)]
    preset: Option<String>,
    /// Widths in pixels for `srcset`. The ratio of `w` and `h` in `transform` is kept.
    #[serde(default)]
    #[schema(value_type = Option<schema::Widths>)]
    widths: Option<Widths>,
    /// The name of each link, which makes it one that is listed with its image and can be revoked
    /// by itself.
    #[serde(default)]
    #[schema(value_type = Option<schema::ShortName>)]
    name: Option<String>,
}

/// Signed URLs of many images.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = CreatedLinks)]
pub(crate) struct LinksView<'a> {
    /// A result for each id, in the order of the request.
    items: Vec<LinkItem<'a>>,
}

/// The result for an image.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = CreatedLink)]
struct LinkItem<'a> {
    /// The id, as sent.
    id: &'a str,
    /// The status that `createLink` would have returned: 201 if the link was created.
    status: u16,
    /// The link; `null` if none was created.
    #[schema(required = true)]
    link: Option<LinkView>,
    /// Why no link was created; `null` if one was.
    #[schema(required = true, value_type = Option<schema::Problem>)]
    problem: Option<Map<String, Value>>,
}

/// Create many links
///
/// Creates signed URLs for up to 100 images on the same terms, as `createLink` does. Each id has a
/// result of its own.
#[utoipa::path(
    post, path = "/v1/links", operation_id = "createLinks", tag = "Links",
    request_body = NewLinks,
    responses((status = 200, description = "The result for each image.", body = LinksView)),
    security(("token" = ["images:read"])),
    extensions(("x-problems" = json!([TransformNotAllowed, DerivedTooLarge]))),
)]
pub(crate) async fn create_links(
    State(app): State<Arc<App>>,
    caller: Authorized<Read>,
    Json(body): Json<NewLinks>,
) -> Result<Response, Problem> {
    let parsed = parse(&body.ids)?;
    let (transform, preset) = (body.transform.as_ref(), body.preset.as_deref());
    let derived = Derived::new(&app, transform, preset, body.widths.as_ref())?;
    let method = body.method.as_deref();
    let terms = Terms::new(&app, body.expires_in, method, body.download, derived)?;
    let name = links::named(body.name)?;
    let ids: Vec<Uuid> = parsed.iter().copied().flatten().collect();
    let images = app.service.find_many(&caller.grant, &ids).await?;
    let images: HashMap<Uuid, _> = images.into_iter().map(|image| (image.id, image)).collect();
    let images = parsed.into_iter().map(|id| images.get(&id?));
    let links = match &name {
        Some(name) => named(&app, &terms, images, name).await?,
        None => {
            let create =
                |image: Option<&Image>| terms.link(&app, image.ok_or(ServiceError::NotFound)?);
            images.map(create).collect()
        }
    };
    let items = body.ids.0.iter().zip(links).map(|(id, link)| {
        let (link, problem) = match link {
            Ok(link) => (Some(link), None),
            Err(problem) => (None, Some(problem)),
        };
        LinkItem {
            id,
            status: status(StatusCode::CREATED, problem.as_ref()),
            link,
            problem: problem.as_ref().map(Problem::object),
        }
    });
    Ok(reply::ok(&LinksView {
        items: items.collect(),
    }))
}

/// Creates links with a name, for each image that was found. They are recorded together.
async fn named<'a>(
    app: &App,
    terms: &Terms,
    images: impl Iterator<Item = Option<&'a Image>>,
    name: &str,
) -> Result<Vec<Result<LinkView, Problem>>, Problem> {
    let mut new = Vec::new();
    let mut refusals: Vec<Result<(), Problem>> = Vec::new();
    for image in images {
        let link = match image {
            Some(image) => terms.named_link(app, image.clone(), name.to_owned()),
            None => Err(ServiceError::NotFound.into()),
        };
        refusals.push(link.map(|link| new.push(link)));
    }
    let mut created = app.service.create_links(new).await?.into_iter();
    let mut view = || {
        let (image, link) = created.next().ok_or(ServiceError::NotFound)??;
        links::of_record(app, &image, &link)
    };
    let links = refusals
        .into_iter()
        .map(|refusal| refusal.and_then(|()| view()));
    Ok(links.collect())
}

/// The status of a result.
fn status(success: StatusCode, problem: Option<&Problem>) -> u16 {
    problem.map_or(success, Problem::status).as_u16()
}
