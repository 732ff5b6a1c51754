//! `multipart/form-data` (RFC 7578): the files of an upload, and the attributes that apply to all
//! of them.

mod framing;
mod metadata;
mod part;
mod tags;
mod text;

use std::collections::BTreeMap;

use axum::body::Body;
use bytes::Bytes;
use futures_util::{StreamExt as _, stream};
use multer::{Constraints, Field, Multipart};

use super::visibility::visibility;
use crate::http::headers::digest;
use crate::http::headers::disposition::Named;
use crate::http::headers::field_parameters::FieldParameters;
use crate::http::headers::media_type;
use crate::http::openapi::schema;
use crate::http::reply::problem::{Problem, ProblemKind};
use crate::model::Visibility;
use crate::service::{Attributes, Declared, Upload};
use framing::{Place, TooMuchFraming};
use part::Part;
use text::TextParts;

pub(crate) use metadata::parse as parse_metadata;
pub(crate) use tags::extend as more_tags;

/// The longest boundary (RFC 2046 §5.1.1). The parser searches every piece of the body for it.
const MAX_BOUNDARY_BYTES: usize = 70;

/// The parts of a form with one file. Other text is ignored.
#[derive(serde::Deserialize, utoipa::ToSchema)]
#[schema(as = UploadForm)]
#[expect(dead_code, reason = "describes the form of `receive`")]
pub(crate) struct FormView {
    /// The file to upload.
    #[schema(value_type = schema::File)]
    file: Vec<u8>,
    /// The tags, separated by commas or as a JSON array.
    #[schema(value_type = schema::TagList, required = false)]
    tags: Option<String>,
    /// The image's custom key-value pairs, as a JSON object.
    #[schema(value_type = schema::Metadata, required = false)]
    metadata: Option<String>,
    /// Who may download the image without a token.
    #[schema(value_type = schema::Visibility, required = false)]
    visibility: Option<String>,
}

/// The parts of a form with any number of files. Other text is ignored.
#[derive(serde::Deserialize, utoipa::ToSchema)]
#[schema(as = BatchUploadForm)]
#[expect(dead_code, reason = "describes the form of `receive`")]
pub(crate) struct BatchFormView {
    /// The files to upload.
    #[schema(value_type = schema::Files)]
    file: Vec<Vec<u8>>,
    /// The tags of all files, separated by commas or as a JSON array.
    #[schema(value_type = schema::TagList, required = false)]
    tags: Option<String>,
    /// The custom key-value pairs of all images, as a JSON object.
    #[schema(value_type = schema::Metadata, required = false)]
    metadata: Option<String>,
    /// Who may download the images without a token.
    #[schema(value_type = schema::Visibility, required = false)]
    visibility: Option<String>,
}

/// A form that is being read.
struct Form<'a> {
    upload: &'a mut Upload,
    parts: Multipart<'static>,
    place: Place,
    /// Whether unknown text is refused.
    is_strict: bool,
    text: TextParts,
    /// The number of files so far, and of inputs in which no file was chosen.
    files: usize,
    empty_inputs: usize,
    tags: Vec<String>,
    metadata: Option<BTreeMap<String, String>>,
    visibility: Option<Visibility>,
}

impl Form<'_> {
    /// Reads all parts.
    async fn read(mut self) -> Result<Attributes, Problem> {
        loop {
            self.place.before_part();
            let Some(field) = self.parts.next_field().await.map_err(form_problem)? else {
                break;
            };
            self.place.in_part();
            // The parser's own reading is not used, because it also finds names within quoted strings.
            let named = Named::by(field.headers())?;
            match Part::of(&named, field.headers()) {
                Part::File => self.file(field, named.filename).await?,
                Part::Tags => self.tags(field).await?,
                Part::Metadata => self.metadata(field).await?,
                Part::Visibility => self.visibility(field).await?,
                other => self.other(other, field, named).await?,
            }
        }
        if self.files == 0 && self.empty_inputs > 0 {
            let detail = "the form has no file: the part for it is empty and has an empty file \
                          name, as browsers send it if no file was chosen";
            return Err(Problem::bad_request(detail));
        }
        Ok(Attributes {
            tags: self.tags,
            metadata: self.metadata.unwrap_or_default(),
            visibility: self.visibility.unwrap_or_default(),
        })
    }

    async fn file(
        &mut self,
        mut field: Field<'static>,
        filename: Option<String>,
    ) -> Result<(), Problem> {
        let mut first = None;
        if filename.as_deref() == Some("") {
            first = first_bytes(&mut field).await?;
            if first.is_none() {
                return self.count_empty_input();
            }
        }
        self.upload.refuse_more()?;
        let declared = Declared {
            length: None,
            media_type: media_type::of(field.headers())
                .and_then(media_type::declared)
                .map(str::to_owned),
            sha256: digest::sha256(field.headers())?,
            filename,
        };
        let body = stream::iter(first.map(Ok)).chain(field);
        self.upload.file(body, declared).await?;
        self.files += 1;
        Ok(())
    }

    /// Leaves out an input for files in which none was chosen. Browsers send it as a file without
    /// a name and without bytes.
    fn count_empty_input(&mut self) -> Result<(), Problem> {
        self.empty_inputs += 1;
        self.text.count()
    }

    async fn tags(&mut self, field: Field<'static>) -> Result<(), Problem> {
        self.refuse_with_ticket("tags")?;
        let media_type = media_type::of(field.headers()).unwrap_or_default();
        let is_json = media_type.eq_ignore_ascii_case("application/json");
        let text = self.text.read(field).await?;
        self.tags = tags::extend(&self.tags, &text, is_json)?;
        Ok(())
    }

    async fn metadata(&mut self, field: Field<'static>) -> Result<(), Problem> {
        self.refuse_with_ticket("metadata")?;
        let text = self.text.read(field).await?;
        let earlier = self.metadata.replace(metadata::parse(&text)?);
        refuse_second("metadata", earlier.is_some())
    }

    async fn visibility(&mut self, field: Field<'static>) -> Result<(), Problem> {
        self.refuse_with_ticket("visibility")?;
        let word = self.text.read(field).await?;
        let earlier = self.visibility.replace(visibility(&word)?);
        refuse_second("visibility", earlier.is_some())
    }

    /// Ignores a part without a meaning, if it is text or an empty input.
    async fn other(
        &mut self,
        part: Part,
        mut field: Field<'static>,
        named: Named,
    ) -> Result<(), Problem> {
        let name = named.name.as_deref().unwrap_or_default();
        let must_not = format!("the form must not have a part named {name:?}");
        let detail = match part {
            Part::Unnamed => "each part of the form must have a name".to_owned(),
            Part::Miscased(known) => format!("{must_not}; did you mean {known:?}?"),
            Part::OtherFile => {
                let has_no_name = named.filename.as_deref() == Some("");
                if has_no_name && first_bytes(&mut field).await?.is_none() {
                    return self.count_empty_input();
                }
                format!("{must_not} that is a file; a file must be in a part named \"file\"")
            }
            _ if self.is_strict => must_not,
            _ => return self.text.skip(field, name).await,
        };
        Err(Problem::bad_request(detail).with("allowed", part::NAMES.to_vec()))
    }

    fn refuse_with_ticket(&self, part: &str) -> Result<(), Problem> {
        if !self.upload.has_ticket() {
            return Ok(());
        }
        let detail = format!(
            "the form must not have a part named {part:?}, which the upload ticket decides"
        );
        Err(Problem::bad_request(detail))
    }
}

/// Refuses the second part with a name that only one may have.
fn refuse_second(name: &str, is_second: bool) -> Result<(), Problem> {
    if !is_second {
        return Ok(());
    }
    let detail = format!("the form may have only one part named {name:?}");
    Err(Problem::bad_request(detail).with("field", name))
}

/// The first bytes of a part; `None` if it has none.
async fn first_bytes(field: &mut Field<'static>) -> Result<Option<Bytes>, Problem> {
    loop {
        match field.chunk().await.map_err(form_problem)? {
            Some(bytes) if bytes.is_empty() => {}
            first => return Ok(first),
        }
    }
}

/// The boundary that a form's media type declares.
pub(crate) fn boundary(media_type: &str) -> Result<String, Problem> {
    let parameters = FieldParameters::parse(media_type).ok();
    let boundary = parameters.as_ref().and_then(|all| all.get("boundary"));
    let is_valid = |text: &&str| {
        let printable = text.bytes().all(|byte| (b' '..=b'~').contains(&byte));
        (1..=MAX_BOUNDARY_BYTES).contains(&text.len()) && printable && !text.ends_with(' ')
    };
    let boundary = boundary.filter(is_valid).map(str::to_owned);
    boundary.ok_or_else(|| {
        let detail = format!(
            "the form's Content-Type must have one boundary, of 1 to {MAX_BOUNDARY_BYTES} \
             ASCII characters"
        );
        Problem::bad_request(detail).with("header", "Content-Type")
    })
}

/// Receives the files of a form, and the attributes that apply to all of them. With an upload
/// ticket, the ticket decides the attributes. `is_strict`: whether text in parts that have no
/// meaning is refused instead of ignored.
pub(crate) async fn receive(
    upload: &mut Upload,
    boundary: String,
    body: Body,
    is_strict: bool,
) -> Result<Attributes, Problem> {
    let (bytes, place) = framing::of(body);
    let form = Form {
        upload,
        parts: Multipart::with_constraints(bytes, boundary, Constraints::new()),
        place,
        is_strict,
        text: TextParts::default(),
        files: 0,
        empty_inputs: 0,
        tags: Vec::new(),
        metadata: None,
        visibility: None,
    };
    form.read().await
}

fn form_problem(error: multer::Error) -> Problem {
    let kind = match &error {
        multer::Error::StreamReadFailed(cause) if cause.is::<TooMuchFraming>() => {
            return Problem::new(ProblemKind::TooLarge, TooMuchFraming.to_string())
                .with("limit", framing::MAX_FRAMING);
        }
        multer::Error::StreamReadFailed(_)
        | multer::Error::IncompleteStream
        | multer::Error::IncompleteFieldData { .. }
        | multer::Error::IncompleteHeaders => ProblemKind::UploadInterrupted,
        _ => ProblemKind::BadRequest,
    };
    Problem::new(kind, format!("the form cannot be read: {error}"))
}
