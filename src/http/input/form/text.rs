//! The parts of a form that are not files: how many there may be, and how long they may be.

use multer::Field;
use serde::de::DeserializeOwned;

use super::form_problem;
use crate::http::reply::problem::{Problem, ProblemKind};

/// The maximum number of parts of a form that are not files.
const MAX_PARTS: usize = 64;
/// The maximum total size of the parts that are read, in bytes. Tags and metadata that fill their
/// own limits fit, even if most of their characters are escaped.
const MAX_BYTES: usize = 32 << 10;
/// The maximum size of each part that is skipped, in bytes.
const MAX_SKIPPED_BYTES: usize = 4 << 10;

/// The parts so far.
#[derive(Debug, Default)]
pub(super) struct TextParts {
    /// Their number.
    parts: usize,
    /// The total size of those that were read.
    bytes: usize,
}

impl TextParts {
    /// Counts a part, whatever it is.
    pub(super) fn count(&mut self) -> Result<(), Problem> {
        self.parts += 1;
        if self.parts > MAX_PARTS {
            let detail = format!("the form may have at most {MAX_PARTS} parts other than files");
            return Err(too_large(detail, MAX_PARTS));
        }
        Ok(())
    }

    /// The text of the next part.
    pub(super) async fn read(&mut self, mut field: Field<'static>) -> Result<String, Problem> {
        self.count()?;
        let mut bytes = Vec::new();
        while let Some(chunk) = field.chunk().await.map_err(form_problem)? {
            self.bytes = self.bytes.saturating_add(chunk.len());
            if self.bytes > MAX_BYTES {
                let detail =
                    format!("the form's parts other than files may have at most {MAX_BYTES} bytes");
                return Err(too_large(detail, MAX_BYTES));
            }
            bytes.extend_from_slice(&chunk);
        }
        String::from_utf8(bytes)
            .map_err(|_| Problem::bad_request("the text of a form's part must be UTF-8"))
    }

    /// Skips the next part, which has this name.
    pub(super) async fn skip(
        &mut self,
        mut field: Field<'static>,
        name: &str,
    ) -> Result<(), Problem> {
        self.count()?;
        let mut bytes: usize = 0;
        while let Some(chunk) = field.chunk().await.map_err(form_problem)? {
            bytes = bytes.saturating_add(chunk.len());
            if bytes > MAX_SKIPPED_BYTES {
                let detail = format!(
                    "the form's part named {name:?} may have at most {MAX_SKIPPED_BYTES} bytes; a \
                     file must be in a part named \"file\""
                );
                return Err(too_large(detail, MAX_SKIPPED_BYTES));
            }
        }
        Ok(())
    }
}

/// Parses the text of the part with this name, which must be JSON of this form.
pub(super) fn json<T: DeserializeOwned>(name: &str, form: &str, text: &str) -> Result<T, Problem> {
    serde_json::from_str(text).map_err(|error| {
        let detail = format!("the form's part {name:?} must be a JSON {form}: {error}");
        Problem::bad_request(detail).with("field", name)
    })
}

fn too_large(detail: String, limit: usize) -> Problem {
    Problem::new(ProblemKind::TooLarge, detail).with("limit", limit)
}
