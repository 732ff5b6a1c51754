//! `/v1/images/{id}/links`: signed URLs. One with a name is recorded, as its [`Contents`].

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::{delete, get};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Route, seconds};
use crate::auth::link::{self, Link, LinkMethod};
use crate::http::app::App;
use crate::http::input::extract::{Authorized, ImageId, LinkId, Read, Write};
use crate::http::input::json::{self, Json};
use crate::http::input::transform::{self, Parameters, Widths};
use crate::http::openapi::schema;
use crate::http::reply;
use crate::http::reply::problem::Problem;
use crate::http::reply::problem::ProblemKind::*;
use crate::http::reply::urls::{self, Urls};
use crate::model::{Image, NamedLink, Timestamp};
use crate::service::{NewLink as NewNamedLink, ServiceError, Wanted, fields};
use crate::settings::TransformPolicy;

pub(super) fn routes() -> Vec<Route> {
    vec![
        (
            "/v1/images/{id}/links",
            get(list).post(create).delete(revoke),
        ),
        ("/v1/images/{id}/links/{link}", delete(revoke_one)),
    ]
}

/// The terms of a new signed URL.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewLink {
    /// The lifetime in seconds, at most the deployment's `max_link_seconds`.
    #[serde(deserialize_with = "json::whole")]
    #[schema(value_type = schema::LinkSeconds)]
    expires_in: u64,
    /// The method that the URL allows: `GET`, which includes HEAD, or `HEAD` only.
    #[serde(default)]
    #[schema(value_type = Option<schema::Method>)]
    method: Option<String>,
    /// Whether browsers save the file instead of displaying it.
    #[serde(default)]
    download: bool,
    /// The image to derive, instead of the original.
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
    /// Whether the URL is that of the image information of the IIIF Image API, and allows all that
    /// it offers. It cannot be combined with other members than `expires_in` and `name`.
    #[serde(default)]
    iiif: bool,
    /// The name of the link, which makes it one that is listed and can be revoked by itself.
    #[serde(default)]
    #[schema(value_type = Option<schema::ShortName>)]
    name: Option<String>,
}

/// A signed URL.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = Link)]
pub(crate) struct LinkView {
    /// The URL, which allows anyone to download the image. It begins with `public_base_url` if that
    /// is set.
    #[schema(format = "uri-reference")]
    url: String,
    /// Signed URLs of the image in several widths, as the attribute `srcset` of HTML has them, if
    /// `widths` was given. Widths that the image does not have are left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    srcset: Option<String>,
    /// The time at which the URL expires. It is rounded up, so that links that are created within
    /// the same minute are identical.
    #[schema(format = DateTime)]
    expires_at: String,
    /// The id of the link, if it has a name.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = Uuid)]
    id: Option<String>,
    /// The name, if the link has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    /// The time at which the link was created, if it has a name.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime)]
    created_at: Option<String>,
}

/// The named links of an image.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = NamedLinks)]
pub(crate) struct NamedLinksView {
    /// The links, newest first.
    items: Vec<LinkView>,
}

/// Create a link
///
/// Creates a signed URL, which allows anyone to download the image, or an image that is derived
/// from it, without a token until it expires. A link with a `name` is listed, and can be revoked by
/// itself; an image has at most 100 of them.
#[utoipa::path(
    post, path = "/v1/images/{id}/links", operation_id = "createLink", tag = "Links",
    request_body = NewLink,
    responses((status = 201, description = "The link.", body = LinkView)),
    security(("token" = ["images:read"])),
    extensions(("x-problems" = json!([TransformNotAllowed, DerivedTooLarge, TooManyLinks]))),
)]
pub(crate) async fn create(
    State(app): State<Arc<App>>,
    caller: Authorized<Read>,
    ImageId(id): ImageId,
    Json(body): Json<NewLink>,
) -> Result<Response, Problem> {
    let (transform, preset) = (body.transform.as_ref(), body.preset.as_deref());
    let derived = Derived::new(&app, transform, preset, body.widths.as_ref())?;
    let method = body.method.as_deref();
    let mut terms = Terms::new(&app, body.expires_in, method, body.download, derived)?;
    if body.iiif {
        let is_alone = method.is_none() && transform.is_none() && preset.is_none();
        let is_alone = is_alone && body.widths.is_none();
        terms = terms.for_iiif(&app, is_alone)?;
    }
    let name = named(body.name)?;
    let image = app.service.find(&caller.grant, id).await?;
    let Some(name) = name else {
        return Ok(reply::created(&terms.link(&app, &image)?));
    };
    let new = terms.named_link(&app, image, name)?;
    let mut created = app.service.create_links(vec![new]).await?;
    let (image, link) = created.pop().ok_or(ServiceError::NotFound)??;
    Ok(reply::created(&of_record(&app, &image, &link)?))
}

/// Checks the name of a link, if there is one.
pub(super) fn named(name: Option<String>) -> Result<Option<String>, Problem> {
    Ok(name.as_deref().map(fields::name).transpose()?)
}

/// The view of a named link.
pub(super) fn of_record(app: &App, image: &Image, link: &NamedLink) -> Result<LinkView, Problem> {
    let contents = serde_json::from_str(&link.terms);
    let contents: Contents = contents.map_err(|_| {
        let detail = "the record of the link is damaged";
        Problem::new(Internal, detail)
    })?;
    let expires = link.expires_at.seconds();
    Ok(LinkView {
        id: Some(link.id.to_string()),
        name: Some(link.name.clone()),
        created_at: Some(link.created_at.to_string()),
        ..contents.view(app, image, expires, Some(link.id))?
    })
}

/// What new signed URLs derive from their images.
pub(super) struct Derived {
    url: Signed,
    srcset: Option<Vec<Signed>>,
}

/// What one signed URL derives, and the parameters that are signed.
struct Signed {
    wanted: Wanted,
    parameters: Vec<(String, String)>,
}

impl Derived {
    /// Checks the members of a request.
    pub(super) fn new(
        app: &App,
        transform: Option<&Parameters>,
        preset: Option<&str>,
        widths: Option<&Widths>,
    ) -> Result<Self, Problem> {
        let permitted = |(request, parameters)| {
            transform::permit_for(app, &request, true)?;
            let wanted = Wanted {
                transform: request.transform,
                accepts: Vec::new(),
            };
            Ok::<_, Problem>(Signed { wanted, parameters })
        };
        let srcset = widths.map(|widths| {
            let all = transform::of_widths(app, transform, preset, widths)?;
            let signed = all.into_iter().map(permitted);
            signed.collect::<Result<Vec<Signed>, Problem>>()
        });
        Ok(Self {
            url: permitted(transform::of_json(app, transform, preset)?)?,
            srcset: srcset.transpose()?,
        })
    }
}

/// The checked terms of new signed URLs.
pub(super) struct Terms {
    method: LinkMethod,
    is_download: bool,
    derived: Derived,
    expires: u64,
    is_for_iiif: bool,
}

impl Terms {
    /// Checks the members of a request.
    pub(super) fn new(
        app: &App,
        expires_in: u64,
        word: Option<&str>,
        is_download: bool,
        derived: Derived,
    ) -> Result<Self, Problem> {
        let access = &app.settings.access;
        let lifetime = seconds("expires_in", expires_in, access.max_link_seconds)?;
        // Rounded up, so that links created within a bucket are the same URL.
        let bucket = access.link_bucket_seconds;
        Ok(Self {
            method: method(word)?,
            is_download,
            derived,
            expires: (app.service.now().seconds() + lifetime).div_ceil(bucket) * bucket,
            is_for_iiif: false,
        })
    }

    /// The same for the IIIF Image API, which asks for whatever it wants.
    fn for_iiif(self, app: &App, is_alone: bool) -> Result<Self, Problem> {
        if !is_alone || self.is_download {
            let detail = "iiif cannot be combined with method, download, transform or preset";
            return Err(Problem::bad_request(detail).with("field", "iiif"));
        }
        if app.settings.derived.policy == TransformPolicy::Presets {
            let detail = "the setting transform_policy allows only presets, so there are no IIIF \
                          images";
            let problem = Problem::new(TransformNotAllowed, detail);
            return Err(problem.with("setting", "transform_policy"));
        }
        Ok(Self {
            is_for_iiif: true,
            ..self
        })
    }

    /// Creates the signed URLs of an image, if what they derive can be made of the image.
    pub(super) fn link(&self, app: &App, image: &Image) -> Result<LinkView, Problem> {
        self.contents(app, image)?
            .view(app, image, self.expires, None)
    }

    /// Returns a named link to be recorded.
    pub(super) fn named_link(
        &self,
        app: &App,
        image: Image,
        name: String,
    ) -> Result<NewNamedLink, Problem> {
        let contents = self.contents(app, &image)?;
        let terms = serde_json::to_string(&contents).map_err(|error| {
            Problem::new(Internal, format!("the link cannot be recorded: {error}"))
        })?;
        Ok(NewNamedLink {
            image,
            name,
            terms,
            expires_at: Timestamp::from_seconds(self.expires),
        })
    }

    /// What the signed URLs of an image have.
    fn contents(&self, app: &App, image: &Image) -> Result<Contents, Problem> {
        app.service.size_wanted(image, &self.derived.url.wanted)?;
        let srcset = self.derived.srcset.as_ref();
        let srcset = srcset.map(|signed| self.srcset(app, image, signed));
        Ok(Contents {
            method: self.method.as_str().into(),
            is_for_iiif: self.is_for_iiif,
            url: self.parameters(&self.derived.url),
            srcset: srcset.transpose()?,
        })
    }

    /// The parameters of an image in several widths, each once, with the width that it has: an
    /// image that is not enlarged is smaller than some of the widths.
    fn srcset(
        &self,
        app: &App,
        image: &Image,
        signed: &[Signed],
    ) -> Result<BTreeMap<u32, Pairs>, Problem> {
        let mut steps = BTreeMap::new();
        for signed in signed {
            let (width, _) = app.service.size_wanted(image, &signed.wanted)?;
            if let Entry::Vacant(step) = steps.entry(width) {
                step.insert(self.parameters(signed));
            }
        }
        Ok(steps)
    }

    fn parameters(&self, signed: &Signed) -> Pairs {
        let mut parameters = signed.parameters.clone();
        if self.is_download {
            parameters.push(("download".to_owned(), "1".to_owned()));
        }
        parameters
    }
}

/// Names and values of parameters.
type Pairs = Vec<(String, String)>;

/// What the signed URLs of an image have, besides what belongs to each link: what is recorded of a
/// named link.
#[derive(Serialize, Deserialize)]
struct Contents {
    method: String,
    #[serde(rename = "iiif")]
    is_for_iiif: bool,
    url: Pairs,
    srcset: Option<BTreeMap<u32, Pairs>>,
}

impl Contents {
    /// Signs the URLs.
    fn view(
        &self,
        app: &App,
        image: &Image,
        expires: u64,
        id: Option<Uuid>,
    ) -> Result<LinkView, Problem> {
        let sign = |parameters: &Pairs| self.sign(app, image, parameters, expires, id);
        let steps = self.srcset.as_ref().map(|steps| {
            let steps = steps.iter();
            let steps = steps.map(|(width, step)| Ok(format!("{} {width}w", sign(step)?)));
            let steps = steps.collect::<Result<Vec<_>, Problem>>();
            steps.map(|steps| steps.join(", "))
        });
        Ok(LinkView {
            url: sign(&self.url)?,
            srcset: steps.transpose()?,
            expires_at: Timestamp::from_seconds(expires).to_string(),
            id: None,
            name: None,
            created_at: None,
        })
    }

    fn sign(
        &self,
        app: &App,
        image: &Image,
        parameters: &Pairs,
        expires: u64,
        id: Option<Uuid>,
    ) -> Result<String, Problem> {
        let parameters = parameters.iter();
        let parameters = parameters.map(|(name, value)| (name.as_str(), value.as_str()));
        let parameters: Vec<(&str, &str)> = parameters.collect();
        let link = Link {
            method: LinkMethod::parse(&self.method).unwrap_or(LinkMethod::Head),
            path: &match self.is_for_iiif {
                true => urls::iiif_path(image.id),
                false => urls::content_path(image.id),
            },
            parameters: &parameters,
            epoch: image.link_epoch,
            expires,
            id,
        };
        let mut url = link.sign(&app.settings.access.signing_keys, None)?;
        if self.is_for_iiif {
            url = link::in_path(&url) + "/info.json";
        }
        Ok(Urls::of(&app.settings).at(&url))
    }
}

fn method(word: Option<&str>) -> Result<LinkMethod, Problem> {
    let parsed = word.map_or(Some(LinkMethod::Get), LinkMethod::parse);
    parsed.ok_or_else(|| {
        Problem::bad_request("method must be GET or HEAD").with("allowed", vec!["GET", "HEAD"])
    })
}

/// Revoke all links
///
/// Revokes all signed URLs that were created for this image, with or without a name. Caches may serve responses to them
/// for another five minutes.
#[utoipa::path(
    delete, path = "/v1/images/{id}/links", operation_id = "revokeLinks", tag = "Links",
    responses((status = 204, description = "The links were revoked.")),
    security(("token" = ["images:write"])),
)]
pub(crate) async fn revoke(
    State(app): State<Arc<App>>,
    caller: Authorized<Write>,
    ImageId(id): ImageId,
) -> Result<StatusCode, Problem> {
    app.service.revoke_links(&caller.grant, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// List named links
///
/// Returns the links of an image that have a name, newest first, unless they have expired or were
/// revoked.
#[utoipa::path(
    get, path = "/v1/images/{id}/links", operation_id = "listLinks", tag = "Links",
    responses((status = 200, description = "The links.", body = NamedLinksView)),
    security(("token" = ["images:read"])),
)]
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    caller: Authorized<Read>,
    ImageId(id): ImageId,
) -> Result<Response, Problem> {
    let (image, links) = app.service.links(&caller.grant, id).await?;
    let items = links.iter().map(|link| of_record(&app, &image, link));
    let items = items.collect::<Result<_, Problem>>()?;
    Ok(reply::ok(&NamedLinksView { items }))
}

/// Revoke a link
///
/// Revokes a link that has a name. The other links of the image stay valid. Caches may serve
/// responses to it for another five minutes.
#[utoipa::path(
    delete, path = "/v1/images/{id}/links/{link}", operation_id = "revokeLink", tag = "Links",
    responses((status = 204, description = "The link was revoked.")),
    security(("token" = ["images:write"])),
)]
pub(crate) async fn revoke_one(
    State(app): State<Arc<App>>,
    caller: Authorized<Write>,
    LinkId { image, link }: LinkId,
) -> Result<StatusCode, Problem> {
    app.service.revoke_link(&caller.grant, image, link).await?;
    Ok(StatusCode::NO_CONTENT)
}
