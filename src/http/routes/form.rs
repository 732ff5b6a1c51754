//! `multipart/form-data` (RFC 7578): the files of an upload and what applies to all.

mod framing;

use axum::body::Body;
use axum::http::header;
use multer::{Constraints, Field, Multipart};

use super::upload::declared_kind;
use super::visibility;
use crate::http::app::App;
use crate::http::headers::digest;
use crate::http::headers::disposition::Named;
use crate::http::headers::field_parameters::FieldParameters;
#[cfg(test)]
use crate::http::openapi::schema;
use crate::http::reply::problem::{Problem, ProblemKind};
use crate::model::Visibility;
use crate::service::{Attributes, Expected, Received, fields};
use framing::{Place, TooMuchFraming};

/// The most files of one request.
pub(crate) const MAX_FILES: usize = 32;
/// The most form fields of one request that are no files.
const MAX_FIELDS: usize = 64;
/// The most bytes that they have together.
const MAX_FIELD_BYTES: usize = 16 << 10;
/// The longest boundary (RFC 2046 §5.1.1). It is looked for in every piece of the body.
const MAX_BOUNDARY_BYTES: usize = 70;

/// What a form may hold.
#[cfg(test)]
#[derive(serde::Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = UploadForm)]
#[expect(dead_code, reason = "describes what `receive` reads")]
pub(crate) struct FormView {
    /// The files.
    #[schema(value_type = schema::Files)]
    file: Vec<Vec<u8>>,
    /// Tags of all files, separated by commas.
    #[schema(value_type = schema::TagList, required = false)]
    tags: Option<String>,
    /// Who may read the bytes without a token.
    #[schema(value_type = schema::Visibility, required = false)]
    visibility: Option<String>,
}

/// What a form has held so far.
struct Form {
    files: Vec<Received>,
    /// How many fields there were that are no files, and their bytes.
    fields: usize,
    field_bytes: usize,
    tags: Vec<String>,
    visibility: Option<Visibility>,
    /// What each file is held to.
    expected: Expected,
    attributes: Attributes,
}

impl Form {
    fn refuse_with_ticket(&self, part: &str) -> Result<(), Problem> {
        if self.attributes.ticket.is_none() {
            return Ok(());
        }
        let detail =
            format!("an upload ticket allows no part {part}: it was decided with the ticket");
        Err(Problem::new(ProblemKind::BadRequest, detail))
    }

    /// A part's short text.
    async fn text(&mut self, mut field: Field<'static>) -> Result<String, Problem> {
        let too_large = |detail: String, limit: usize| {
            Problem::new(ProblemKind::TooLarge, detail).with("limit", limit)
        };
        self.fields += 1;
        if self.fields > MAX_FIELDS {
            let detail = format!("the form may have at most {MAX_FIELDS} parts that are no files");
            return Err(too_large(detail, MAX_FIELDS));
        }
        let mut bytes = Vec::new();
        while let Some(chunk) = field.chunk().await.map_err(form_problem)? {
            self.field_bytes = self.field_bytes.saturating_add(chunk.len());
            if self.field_bytes > MAX_FIELD_BYTES {
                let detail = format!(
                    "the form's parts that are no files may have at most {MAX_FIELD_BYTES} bytes"
                );
                return Err(too_large(detail, MAX_FIELD_BYTES));
            }
            bytes.extend_from_slice(&chunk);
        }
        String::from_utf8(bytes)
            .map_err(|_| Problem::new(ProblemKind::BadRequest, "a form field is not UTF-8"))
    }
}

/// The boundary that a form's media type tells.
pub(super) fn boundary(media_type: &str) -> Result<String, Problem> {
    let parameters = FieldParameters::parse(media_type).ok();
    let boundary = parameters.as_ref().and_then(|all| all.get("boundary"));
    let is_one = |text: &&str| {
        let printable = text.bytes().all(|byte| (b' '..=b'~').contains(&byte));
        (1..=MAX_BOUNDARY_BYTES).contains(&text.len()) && printable && !text.ends_with(' ')
    };
    let boundary = boundary.filter(is_one).map(str::to_owned);
    boundary.ok_or_else(|| {
        let detail = format!(
            "the form's Content-Type must have one boundary, of 1 to {MAX_BOUNDARY_BYTES} \
             characters of ASCII"
        );
        Problem::new(ProblemKind::BadRequest, detail).with("header", "Content-Type")
    })
}

/// Receives the files of a form, and what applies to all of them. A ticket decides
/// the latter itself, and allows one file.
pub(super) async fn receive(
    app: &App,
    boundary: String,
    body: Body,
    expected: Expected,
    attributes: Attributes,
) -> Result<(Vec<Received>, Attributes), Problem> {
    let (bytes, place) = framing::of(body);
    let mut parts = Multipart::with_constraints(bytes, boundary, Constraints::new());
    let mut form = Form {
        files: Vec::new(),
        fields: 0,
        field_bytes: 0,
        tags: Vec::new(),
        visibility: None,
        expected,
        attributes,
    };
    let read = read_form(app, &mut parts, &place, &mut form).await;
    let none = || {
        Problem::new(
            ProblemKind::BadRequest,
            "the form has no part named \"file\"",
        )
    };
    let read = read.and_then(|()| {
        if form.files.is_empty() {
            Err(none())
        } else {
            Ok(())
        }
    });
    match read {
        Ok(()) => Ok((form.files, form.attributes)),
        Err(problem) => {
            app.service.discard(form.files);
            Err(problem)
        }
    }
}

async fn read_form(
    app: &App,
    parts: &mut Multipart<'static>,
    place: &Place,
    form: &mut Form,
) -> Result<(), Problem> {
    loop {
        place.before_part();
        let Some(field) = parts.next_field().await.map_err(form_problem)? else {
            break;
        };
        place.in_part();
        // Not as the parser of forms reads them: it finds names also within quotes.
        let named = Named::by(field.headers())?;
        match named.name.as_deref().unwrap_or_default() {
            "file" => {
                refuse_more(form)?;
                let file = receive_part(app, field, named.filename, &form.expected).await?;
                form.files.push(file);
            }
            "tags" => {
                form.refuse_with_ticket("tags")?;
                let text = form.text(field).await?;
                let tags = text.split(',').map(str::trim).filter(|tag| !tag.is_empty());
                // Refused with the first that is too many, however many follow.
                let tags = form.tags.iter().map(String::as_str).chain(tags);
                form.tags = fields::tags(tags)?;
            }
            "visibility" => {
                form.refuse_with_ticket("visibility")?;
                let word = form.text(field).await?;
                if form.visibility.replace(visibility(&word)?).is_some() {
                    let detail = "the form may have one part named \"visibility\"";
                    return Err(Problem::new(ProblemKind::BadRequest, detail));
                }
            }
            other => {
                let detail = format!("the form has an unknown part named {other:?}");
                return Err(Problem::new(ProblemKind::BadRequest, detail)
                    .with("allowed", vec!["file", "tags", "visibility"]));
            }
        }
    }
    form.attributes.tags.append(&mut form.tags);
    if let Some(visibility) = form.visibility {
        form.attributes.visibility = visibility;
    }
    Ok(())
}

/// Refuses one file more than are allowed.
fn refuse_more(form: &Form) -> Result<(), Problem> {
    let most = if form.attributes.ticket.is_some() {
        1
    } else {
        MAX_FILES
    };
    if form.files.len() < most {
        return Ok(());
    }
    let kind = if most == 1 {
        ProblemKind::BadRequest
    } else {
        ProblemKind::TooLarge
    };
    Err(Problem::new(kind, format!("the form may have at most {most} files")).with("limit", most))
}

async fn receive_part(
    app: &App,
    field: Field<'static>,
    filename: Option<String>,
    expected: &Expected,
) -> Result<Received, Problem> {
    let declared = field.headers().get(header::CONTENT_TYPE);
    let declared = declared
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let expected = Expected {
        kind: declared_kind(declared)?,
        sha256: digest::sha256(field.headers())?,
        ..expected.clone()
    };
    Ok(app
        .service
        .receive(field, filename.as_deref(), &expected)
        .await?)
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
