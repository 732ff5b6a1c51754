//! `multipart/form-data` (RFC 7578): the files of an upload, and the attributes that apply to all
//! of them.

mod framing;

use axum::body::Body;
use multer::{Constraints, Field, Multipart};

use super::visibility::visibility;
use crate::http::headers::digest;
use crate::http::headers::disposition::Named;
use crate::http::headers::field_parameters::FieldParameters;
use crate::http::headers::media_type;
use crate::http::openapi::schema;
use crate::http::reply::problem::{Problem, ProblemKind};
use crate::model::Visibility;
use crate::service::{Attributes, Declared, Upload, fields};
use framing::{Place, TooMuchFraming};

/// The maximum number of parts of a form that are not files.
const MAX_FIELDS: usize = 64;
/// The maximum total size of these parts, in bytes.
const MAX_FIELD_BYTES: usize = 16 << 10;
/// The longest boundary (RFC 2046 §5.1.1). The parser searches every piece of the body for it.
const MAX_BOUNDARY_BYTES: usize = 70;

/// The parts of a form with one file.
#[derive(serde::Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = UploadForm)]
#[expect(dead_code, reason = "describes the form of `receive`")]
pub(crate) struct FormView {
    /// The file to upload.
    #[schema(value_type = schema::File)]
    file: Vec<u8>,
    /// The tags, separated by commas.
    #[schema(value_type = schema::TagList, required = false)]
    tags: Option<String>,
    /// Who may download the image without a token.
    #[schema(value_type = schema::Visibility, required = false)]
    visibility: Option<String>,
}

/// The parts of a form with any number of files.
#[derive(serde::Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = BatchUploadForm)]
#[expect(dead_code, reason = "describes the form of `receive`")]
pub(crate) struct BatchFormView {
    /// The files to upload.
    #[schema(value_type = schema::Files)]
    file: Vec<Vec<u8>>,
    /// The tags of all files, separated by commas.
    #[schema(value_type = schema::TagList, required = false)]
    tags: Option<String>,
    /// Who may download the images without a token.
    #[schema(value_type = schema::Visibility, required = false)]
    visibility: Option<String>,
}

/// A form that is being read.
struct Form<'a> {
    upload: &'a mut Upload,
    parts: Multipart<'static>,
    place: Place,
    /// The number of parts so far that are not files, and their total size.
    fields: usize,
    field_bytes: usize,
    tags: Vec<String>,
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
            match named.name.as_deref().unwrap_or_default() {
                "file" => self.file(field, named.filename).await?,
                "tags" => self.tags(field).await?,
                "visibility" => self.visibility(field).await?,
                other => {
                    let detail = format!("the form must not have a part named {other:?}");
                    return Err(Problem::bad_request(detail)
                        .with("allowed", vec!["file", "tags", "visibility"]));
                }
            }
        }
        Ok(Attributes {
            tags: self.tags,
            visibility: self.visibility.unwrap_or_default(),
            ..Attributes::default()
        })
    }

    async fn file(
        &mut self,
        field: Field<'static>,
        filename: Option<String>,
    ) -> Result<(), Problem> {
        self.upload.refuse_more()?;
        let declared = Declared {
            length: None,
            kind: media_type::declared_kind(media_type::of(field.headers()).unwrap_or_default())?,
            sha256: digest::sha256(field.headers())?,
            filename,
        };
        Ok(self.upload.file(field, declared).await?)
    }

    async fn tags(&mut self, field: Field<'static>) -> Result<(), Problem> {
        self.refuse_with_ticket("tags")?;
        let text = self.text(field).await?;
        let tags = text.split(',').map(str::trim).filter(|tag| !tag.is_empty());
        // Fails at the first tag that exceeds the limit, however many follow.
        let tags = self.tags.iter().map(String::as_str).chain(tags);
        self.tags = fields::tags(tags)?;
        Ok(())
    }

    async fn visibility(&mut self, field: Field<'static>) -> Result<(), Problem> {
        self.refuse_with_ticket("visibility")?;
        let word = self.text(field).await?;
        if self.visibility.replace(visibility(&word)?).is_some() {
            let detail = "the form may have only one part named \"visibility\"";
            return Err(Problem::bad_request(detail));
        }
        Ok(())
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

    /// The text of a part.
    async fn text(&mut self, mut field: Field<'static>) -> Result<String, Problem> {
        let too_large = |detail: String, limit: usize| {
            Problem::new(ProblemKind::TooLarge, detail).with("limit", limit)
        };
        self.fields += 1;
        if self.fields > MAX_FIELDS {
            let detail = format!("the form may have at most {MAX_FIELDS} parts other than files");
            return Err(too_large(detail, MAX_FIELDS));
        }
        let mut bytes = Vec::new();
        while let Some(chunk) = field.chunk().await.map_err(form_problem)? {
            self.field_bytes = self.field_bytes.saturating_add(chunk.len());
            if self.field_bytes > MAX_FIELD_BYTES {
                let detail = format!(
                    "the form's parts other than files may have at most {MAX_FIELD_BYTES} bytes"
                );
                return Err(too_large(detail, MAX_FIELD_BYTES));
            }
            bytes.extend_from_slice(&chunk);
        }
        String::from_utf8(bytes)
            .map_err(|_| Problem::bad_request("the text of a form's part must be UTF-8"))
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
/// ticket, the ticket decides the attributes.
pub(crate) async fn receive(
    upload: &mut Upload,
    boundary: String,
    body: Body,
) -> Result<Attributes, Problem> {
    let (bytes, place) = framing::of(body);
    let form = Form {
        upload,
        parts: Multipart::with_constraints(bytes, boundary, Constraints::new()),
        place,
        fields: 0,
        field_bytes: 0,
        tags: Vec::new(),
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
