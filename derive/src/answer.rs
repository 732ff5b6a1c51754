//! From a request to a response, without I/O.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use darkroom_pixels::{Cost, Error, Limits, Pause, Placeholder, Rendered, Transform};
use darkroom_transform::exchange::{
    FRAMES, HEIGHT, LIMIT, MAX_AVIF_PIXELS, MAX_FRAMES, MAX_MEMORY, MAX_PIXELS, MAX_SIDE,
    PLACEHOLDER, REFUSAL, RENDER, Refusal, WIDTH, WITH_PLACEHOLDER,
};

/// A request that has been understood, but for the source in its body.
#[derive(Clone, Debug, PartialEq)]
pub enum Request {
    /// A derived image, with the placeholder of its source or without.
    Render(Box<Transform>, Limits, bool),
    /// A placeholder.
    Placeholder(Limits),
}

/// A response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    /// The status.
    pub status: u16,
    /// The media type of the body.
    pub content_type: &'static str,
    /// Other headers.
    pub headers: Vec<(&'static str, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl Request {
    /// Understands the target of a POST, and its headers, of which `header` has the values.
    ///
    /// # Errors
    ///
    /// Returns the response to a request that does not have the form of
    /// [`darkroom_transform::exchange`].
    pub fn read<'a>(
        target: &str,
        header: impl Fn(&str) -> Option<&'a str>,
    ) -> Result<Self, Response> {
        let limits = limits(&header)?;
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        match path {
            RENDER => {
                let transform = query.parse::<Transform>();
                let transform = transform.map_err(|error| malformed(&error.to_string()))?;
                let with_placeholder = header(WITH_PLACEHOLDER) == Some("1");
                Ok(Self::Render(Box::new(transform), limits, with_placeholder))
            }
            PLACEHOLDER => Ok(Self::Placeholder(limits)),
            _ => Err(malformed(&format!(
                "the path must be {RENDER} or {PLACEHOLDER}, not {path}"
            ))),
        }
    }

    /// Does what is asked for with the source.
    pub fn answer(&self, source: &[u8], pause: &dyn Pause) -> Response {
        let response = match self {
            Self::Render(transform, limits, with_placeholder) => {
                let render = match with_placeholder {
                    true => darkroom_pixels::render_with_placeholder,
                    false => darkroom_pixels::render,
                };
                render(source, transform, limits, pause).map(rendered)
            }
            Self::Placeholder(limits) => {
                darkroom_pixels::placeholder(source, limits, pause).map(|made| placeholder(&made))
            }
        };
        response.unwrap_or_else(|error| refused(&error))
    }
}

/// Reads the limits. One that is absent has its default.
fn limits<'a>(header: &impl Fn(&str) -> Option<&'a str>) -> Result<Limits, Response> {
    fn number<T: std::str::FromStr>(
        name: &str,
        value: Option<&str>,
        default: T,
    ) -> Result<T, Response> {
        let parsed = value.map_or(Ok(default), str::parse);
        parsed.map_err(|_| malformed(&format!("{name} must be a whole number")))
    }
    let default = Limits::default();
    Ok(Limits {
        max_pixels: number(MAX_PIXELS, header(MAX_PIXELS), default.max_pixels)?,
        max_frames: number(MAX_FRAMES, header(MAX_FRAMES), default.max_frames)?,
        max_memory: number(MAX_MEMORY, header(MAX_MEMORY), default.max_memory)?,
        max_side: number(MAX_SIDE, header(MAX_SIDE), default.max_side)?,
        max_avif_pixels: number(
            MAX_AVIF_PIXELS,
            header(MAX_AVIF_PIXELS),
            default.max_avif_pixels,
        )?,
        ..default
    })
}

impl Response {
    /// A response without a body.
    pub fn bare(status: u16) -> Self {
        Self {
            status,
            content_type: "text/plain",
            headers: Vec::new(),
            body: Vec::new(),
        }
    }

    /// The response if the memory of the instance is too small.
    pub fn out_of_memory(needed: u64, limit: u64) -> Self {
        refused(&Error::TooCostly {
            cost: Cost::Memory,
            needed,
            limit,
        })
    }
}

fn rendered(made: Rendered) -> Response {
    let mut headers = vec![
        (WIDTH, made.width.to_string()),
        (HEIGHT, made.height.to_string()),
        (FRAMES, made.frames.to_string()),
    ];
    let placeholder = made.placeholder.as_ref().map(print);
    headers.extend(placeholder.map(|placeholder| (WITH_PLACEHOLDER, placeholder)));
    Response {
        status: 200,
        content_type: made.format.media_type(),
        headers,
        body: made.bytes,
    }
}

/// The text of a placeholder ([`darkroom_transform::Placeholder`]).
fn print(made: &Placeholder) -> String {
    let thumbhash = STANDARD.encode(&made.thumbhash);
    let [red, green, blue] = made.color;
    let blurhash = &made.blurhash;
    format!("{thumbhash} {blurhash} #{red:02x}{green:02x}{blue:02x}")
}

fn placeholder(made: &Placeholder) -> Response {
    Response {
        status: 200,
        content_type: "text/plain",
        headers: Vec::new(),
        body: print(made).into_bytes(),
    }
}

fn malformed(reason: &str) -> Response {
    refusal(Refusal::Malformed, reason, None)
}

fn refused(error: &Error) -> Response {
    let (kind, limit) = match error {
        Error::Undecodable { .. } => (Refusal::Undecodable, None),
        Error::TooCostly { limit, .. } => (Refusal::TooCostly, Some(*limit)),
        Error::TooLarge { limit, .. } => (Refusal::TooLarge, Some(*limit)),
        Error::Unsupported { .. } => (Refusal::Unsupported, None),
        Error::CropOutside { .. } => (Refusal::CropOutside, None),
        Error::Internal { .. } => (Refusal::Internal, None),
    };
    refusal(kind, &error.to_string(), limit)
}

fn refusal(kind: Refusal, reason: &str, limit: Option<u64>) -> Response {
    let mut headers = vec![(REFUSAL, kind.name().to_owned())];
    headers.extend(limit.map(|limit| (LIMIT, limit.to_string())));
    Response {
        status: kind.status(),
        content_type: "text/plain",
        headers,
        body: reason.as_bytes().to_vec(),
    }
}

#[cfg(test)]
mod tests;
