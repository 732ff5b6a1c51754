//! What signed URLs open: checked, recorded if the link has a name, and signed.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::LinkView;
use crate::auth::link::{self, Link, LinkMethod};
use crate::http::app::App;
use crate::http::input::transform::{self, Parameters, Widths};
use crate::http::reply::problem::Problem;
use crate::http::reply::problem::ProblemKind::*;
use crate::http::reply::urls::{self, Urls};
use crate::http::routes::seconds;
use crate::model::{Image, Timestamp};
use crate::service::{NewLink, Wanted};
use crate::settings::TransformPolicy;

/// What new signed URLs derive from their images.
pub(in crate::http::routes) struct Derived {
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
    pub(in crate::http::routes) fn new(
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
pub(in crate::http::routes) struct Terms {
    method: LinkMethod,
    is_download: bool,
    derived: Derived,
    expires: u64,
    is_for_iiif: bool,
}

impl Terms {
    /// Checks the members of a request.
    pub(in crate::http::routes) fn new(
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
    pub(super) fn for_iiif(self, app: &App, is_alone: bool) -> Result<Self, Problem> {
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
    pub(in crate::http::routes) fn link(
        &self,
        app: &App,
        image: &Image,
    ) -> Result<LinkView, Problem> {
        self.contents(app, image)?
            .view(app, image, self.expires, None)
    }

    /// Returns a named link to be recorded.
    pub(in crate::http::routes) fn named_link(
        &self,
        app: &App,
        image: Image,
        name: String,
    ) -> Result<NewLink, Problem> {
        let contents = self.contents(app, &image)?;
        let terms = serde_json::to_string(&contents).map_err(|error| {
            Problem::new(Internal, format!("the link cannot be recorded: {error}"))
        })?;
        Ok(NewLink {
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
pub(super) struct Contents {
    method: String,
    #[serde(rename = "iiif")]
    is_for_iiif: bool,
    url: Pairs,
    srcset: Option<BTreeMap<u32, Pairs>>,
}

impl Contents {
    /// Signs the URLs.
    pub(super) fn view(
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
