//! Schemas that several types use, built from the limits in the code. Each is a separate type,
//! so that annotations can name it (`value_type = schema::Visibility`).

use darkroom_transform::NAMES;
use utoipa::openapi::schema::{
    AdditionalProperties, Array, ArrayBuilder, KnownFormat, Object, ObjectBuilder, Schema,
    SchemaFormat, SchemaType, Type,
};
use utoipa::openapi::{Ref, RefOr};
use utoipa::{PartialSchema, ToSchema};

use crate::auth::MAX_OWNER_CHARS;
use crate::auth::link::LinkMethod;
use crate::auth::token::DEFAULT_MAX_SECONDS;
use crate::http::input::{json, listing, transform as transforms};
use crate::http::routes::{bulk, tickets};
use crate::model;
use crate::model::Kind;
use crate::service::{self, MAX_FILES, fields, filename as names};

/// Defines types with the given schemas.
macro_rules! named {
    ($($(#[$doc:meta])* $name:ident: $schema:expr;)*) => {
        $(
            $(#[$doc])*
            pub(crate) struct $name;

            impl PartialSchema for $name {
                fn schema() -> RefOr<Schema> {
                    RefOr::T(Schema::from($schema))
                }
            }

            impl ToSchema for $name {}
        )*
    };
}

named! {
    /// The media type of an image.
    ContentType: words("The media type of an image.", &Kind::ALL.map(Kind::media_type));
    /// Who may download an image without a token.
    Visibility: words(
        "Who may download the image without a token: nobody (`private`) or anyone (`public`).",
        &[model::Visibility::Private, model::Visibility::Public].map(|word| word.as_str()),
    );
    /// The method that a signed URL allows.
    Method: words(
        "The method that the signed URL allows: `GET`, which includes HEAD, or `HEAD` only.",
        &[LinkMethod::Get, LinkMethod::Head].map(LinkMethod::as_str),
    );
    /// An owner.
    Owner: string().min_length(Some(1)).max_length(Some(MAX_OWNER_CHARS)).pattern(Some(PLAIN)).build();
    /// Ids of images.
    ImageIds: image_ids();
    /// An error, which the document describes.
    Problem: ObjectBuilder::new().build();
    /// A tag.
    Tag: tag();
    /// The file name of an image.
    Filename: filename();
    /// A part of the file name of an image.
    PartOfFilename: string().min_length(Some(1)).max_length(Some(names::MAX_BYTES)).build();
    /// Tags in a form.
    TagList: tag_list();
    /// The tags of an image.
    Tags: tags();
    /// The metadata of an image.
    Metadata: metadata();
    /// Changes to metadata.
    MetadataPatch: metadata_patch();
    /// The name of a link or an upload ticket.
    ShortName: string().min_length(Some(1)).max_length(Some(fields::MAX_NAME_CHARS)).pattern(Some(NAME)).build();
    /// How many images may come by an upload ticket.
    Uploads: integer(1, service::MAX_TICKET_UPLOADS.into()).build();
    /// The status of an upload ticket.
    TicketStatus: words("", &model::TicketStatus::ALL.map(model::TicketStatus::as_str));
    /// The lifetime of a token, if `max_token_seconds` is not set.
    TokenSeconds: integer(1, DEFAULT_MAX_SECONDS).build();
    /// The id of an upload ticket.
    TicketId: string().pattern(Some(format!("^[A-Za-z0-9-]{{1,{}}}$", listing::MAX_TICKET_ID_BYTES))).build();
    /// The file of a form.
    File: file();
    /// The files of a form.
    Files: files();
    /// The maximum number of items on a page.
    Limit: integer(1, listing::MAX_LIMIT.into()).default(Some(listing::DEFAULT_LIMIT.into())).build();
    /// The lifetime of a signed URL, if `max_link_seconds` is not set.
    LinkSeconds: integer(1, 604_800).build();
    /// The lifetime of an upload ticket.
    TicketSeconds: integer(1, tickets::MAX_SECONDS).build();
    /// The order of a list.
    Sort: words("", &["created_at", "-created_at", "size", "-size", "filename", "-filename"]);
    /// The largest file that a ticket allows.
    Bytes: integer(1, json::MAX_NUMBER).build();
    /// A side of the box of a derived image, if `max_derived_side` is not set.
    Side: integer(1, 8192).build();
    /// The device pixel ratio.
    Ratio: number(1.0, 4.0);
    /// How an image meets its box.
    Fit: words("", &["scale-down", "contain", "cover", "crop", "pad", "squeeze"]);
    /// A rotation, in degrees clockwise.
    Rotation: words("", &["90", "180", "270"]);
    /// Axes along which an image is mirrored.
    Flip: words("", &["h", "v", "hv"]);
    /// The standard deviation of a blur, in pixels.
    Blur: number(0.3, 100.0);
    /// How much an image is sharpened.
    Sharpen: number(0.0, 10.0);
    /// The format of a derived image.
    FormatChoice: words("", &["source", "auto", "jpeg", "png", "webp", "avif", "gif"]);
    /// The quality of a derived image.
    Quality: integer(1, 100).build();
    /// The parameters of a derived image.
    Transform: transform();
    /// Widths for a `srcset`.
    Widths: widths();
    /// No (`0`) or yes (`1`).
    Flag: words("", &["0", "1"]);
}

fn string() -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::String)
}

fn words(description: &str, words: &[&str]) -> Object {
    let description = (!description.is_empty()).then_some(description);
    let words = words.iter().copied();
    string()
        .description(description)
        .enum_values(Some(words))
        .build()
}

fn integer(least: u64, most: u64) -> ObjectBuilder {
    let format = SchemaFormat::KnownFormat(KnownFormat::Int64);
    let integer = ObjectBuilder::new()
        .schema_type(Type::Integer)
        .format(Some(format));
    integer
        .minimum(Some(least as f64))
        .maximum(Some(most as f64))
}

fn number(least: f64, most: f64) -> Object {
    let number = ObjectBuilder::new().schema_type(Type::Number);
    number.minimum(Some(least)).maximum(Some(most)).build()
}

/// The parameters of a derived image as an object.
fn transform() -> Object {
    let either = SchemaType::Array(vec![Type::String, Type::Number]);
    let value = ObjectBuilder::new().schema_type(either).build();
    let names = NAMES.iter().copied().filter(|name| *name != "preset");
    let names = string().enum_values(Some(names)).build();
    ObjectBuilder::new()
        .description(Some(
            "Parameters of a derived image, by name, as in the query of `downloadImage`.",
        ))
        .property_names(Some(names))
        .additional_properties(Some(AdditionalProperties::RefOr(value.into())))
        .examples([serde_json::json!({"w": 300, "h": 200, "fit": "cover"})])
        .build()
}

fn widths() -> Array {
    ArrayBuilder::new()
        .items(integer(1, 8192).build())
        .min_items(Some(1))
        .max_items(Some(transforms::MAX_WIDTHS))
        .examples([serde_json::json!([320, 640, 1280])])
        .build()
}

/// Text without control characters that is not only spaces.
const NAME: &str = r"^[^\x00-\x1f\x7f-\x9f]*[^\s\x00-\x1f\x7f-\x9f][^\x00-\x1f\x7f-\x9f]*$";

/// Text without control characters.
const PLAIN: &str = r"^[^\x00-\x1f\x7f-\x9f]*$";

/// The names that [`crate::service::filename::clean`] leaves unchanged.
fn filename() -> Object {
    // Control characters, folder separators, and characters that reorder or hide text.
    const NOT: &str = r"\x00-\x1f\x7f-\x9f/\\\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb";
    let most = names::MAX_BYTES;
    let description = format!(
        "1 to {most} bytes, not only dots, without folders, control characters, characters that \
         hide or reorder text, and leading or trailing spaces. U+200C and U+200D are allowed \
         between the letters or emoji that they join."
    );
    string()
        .description(Some(description))
        .max_length(Some(most))
        .pattern(Some(format!(r"^(?!\.+$)[^\s{NOT}]([^{NOT}]*[^\s{NOT}])?$")))
        .build()
}

/// The pattern of a tag. Leading and trailing spaces are ignored.
fn tag_pattern() -> String {
    const NOT: &str = r",\x00-\x1f\x7f-\x9f";
    let inner = fields::MAX_TAG_CHARS - 2;
    format!(r"\s*[^\s{NOT}]([^{NOT}]{{0,{inner}}}[^\s{NOT}])?\s*")
}

/// Tags, separated by commas. Empty elements are allowed. An array is described in words only.
fn tag_list() -> Object {
    let (one, more) = (tag_pattern(), fields::MAX_TAGS - 1);
    let pattern = format!(r"^(?!\s*\[)({one}|\s*)(,({one}|\s*)){{0,{more}}}$");
    let description = format!(
        "At most {} tags, separated by commas. A part that is `application/json` or begins with \
         `[` is a JSON array of tags instead.",
        fields::MAX_TAGS
    );
    string()
        .description(Some(description))
        .pattern(Some(pattern))
        .examples(["cats,holiday"])
        .build()
}

fn tag() -> Object {
    let pattern = format!("^{}$", tag_pattern());
    let most = fields::MAX_TAG_CHARS;
    let description = format!("1 to {most} characters, without commas and control characters.");
    string()
        .description(Some(description))
        .pattern(Some(pattern))
        .build()
}

fn image_ids() -> Array {
    let range = ArrayBuilder::new()
        .min_items(Some(1))
        .max_items(Some(bulk::MAX_IMAGES));
    range.items(string().build()).build()
}

fn tags() -> Array {
    let items = Ref::from_schema_name(Tag::name());
    ArrayBuilder::new()
        .items(items)
        .max_items(Some(fields::MAX_TAGS))
        .build()
}

fn metadata() -> Object {
    let value = string().pattern(Some(PLAIN)).build();
    let name = string().min_length(Some(1)).pattern(Some(PLAIN));
    let most = fields::MAX_METADATA_BYTES;
    let description = format!(
        "Strings without control characters, by name. All names and values have at most {most} \
         bytes in total."
    );
    ObjectBuilder::new()
        .description(Some(description))
        .property_names(Some(name.build()))
        .additional_properties(Some(AdditionalProperties::RefOr(value.into())))
        .build()
}

fn metadata_patch() -> Object {
    let nullable = SchemaType::Array(vec![Type::String, Type::Null]);
    let value = ObjectBuilder::new().schema_type(nullable);
    let value = value.pattern(Some(PLAIN)).build();
    let name = string().min_length(Some(1)).pattern(Some(PLAIN));
    let most = fields::MAX_METADATA_BYTES;
    let description = format!(
        "A string without control characters sets a member; `null` removes it. All names and \
         values have at most {most} bytes in total."
    );
    ObjectBuilder::new()
        .description(Some(description))
        .property_names(Some(name.build()))
        .additional_properties(Some(AdditionalProperties::RefOr(value.into())))
        .build()
}

fn file() -> Object {
    let format = SchemaFormat::KnownFormat(KnownFormat::Binary);
    string().format(Some(format)).build()
}

fn files() -> Array {
    let range = ArrayBuilder::new()
        .min_items(Some(1))
        .max_items(Some(MAX_FILES));
    range.items(file()).build()
}
