//! Schemas that stand in several types, made from the limits in the code. Each is a type
//! of its own here, for annotations to name (`value_type = schema::Visibility`).

use utoipa::openapi::schema::{
    AdditionalProperties, Array, ArrayBuilder, KnownFormat, Object, ObjectBuilder, Schema,
    SchemaFormat, SchemaType, Type,
};
use utoipa::openapi::{Ref, RefOr};
use utoipa::{PartialSchema, ToSchema};

use crate::auth::link::LinkMethod;
use crate::http::input::{json, listing};
use crate::http::routes::tickets;
use crate::model;
use crate::model::Kind;
use crate::service::{MAX_FILES, fields, filename as names};

/// Makes a type whose schema is what a function gives.
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
    /// Who may read the bytes of an image without a token.
    Visibility: words(
        "Who may read the bytes of an image without a token: nobody, or anybody.",
        &[model::Visibility::Private, model::Visibility::Public].map(|word| word.as_str()),
    );
    /// What a signed URL may be used for.
    Method: words(
        "What a signed URL may be used for: `GET`, which includes HEAD, or `HEAD` alone.",
        &[LinkMethod::Get, LinkMethod::Head].map(LinkMethod::as_str),
    );
    /// A tag.
    Tag: tag();
    /// The name of an image.
    Filename: filename();
    /// A part of the name of an image.
    PartOfFilename: string().min_length(Some(1)).max_length(Some(names::MAX_BYTES)).build();
    /// Tags in a form.
    TagList: tag_list();
    /// The tags of an image.
    Tags: tags();
    /// Changes of metadata.
    MetadataPatch: metadata_patch();
    /// The files of a form.
    Files: files();
    /// The length of a page.
    Limit: integer(1, listing::MAX_LIMIT.into()).default(Some(listing::DEFAULT_LIMIT.into())).build();
    /// The life of a signed URL, where `max_link_seconds` is not set.
    LinkSeconds: integer(1, 604_800).build();
    /// The life of an upload ticket.
    TicketSeconds: integer(1, tickets::MAX_SECONDS).build();
    /// The order of a list.
    Sort: words("", &["created_at", "-created_at", "size", "-size", "filename", "-filename"]);
    /// The largest file that a ticket allows.
    Bytes: integer(1, json::MAX_NUMBER).build();
    /// No or yes.
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

/// No character that controls a terminal.
const PLAIN: &str = r"^[^\x00-\x1f\x7f-\x9f]*$";

/// What [`crate::service::filename::clean`] leaves as it is.
fn filename() -> Object {
    // Controls, folders, and what reorders or hides text.
    const NOT: &str = r"\x00-\x1f\x7f-\x9f/\\\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb";
    let most = names::MAX_BYTES;
    let told = format!(
        "1 to {most} bytes, not dots alone, without folders, control characters and spaces \
         around it."
    );
    string()
        .description(Some(told))
        .max_length(Some(most))
        .pattern(Some(format!(r"^(?!\.+$)[^\s{NOT}]([^{NOT}]*[^\s{NOT}])?$")))
        .build()
}

/// A pattern that a tag matches. Spaces around it do not count.
fn tag_pattern() -> String {
    const NOT: &str = r",\x00-\x1f\x7f-\x9f";
    let inner = fields::MAX_TAG_CHARS - 2;
    format!(r"\s*[^\s{NOT}]([^{NOT}]{{0,{inner}}}[^\s{NOT}])?\s*")
}

/// Tags, separated by commas; between two commas may also be nothing.
fn tag_list() -> Object {
    let (one, more) = (tag_pattern(), fields::MAX_TAGS - 1);
    let pattern = format!(r"^({one}|\s*)(,({one}|\s*)){{0,{more}}}$");
    let told = format!("Tags, separated by commas: at most {}.", fields::MAX_TAGS);
    string()
        .description(Some(told))
        .pattern(Some(pattern))
        .examples(["cats,holiday"])
        .build()
}

fn tag() -> Object {
    let pattern = format!("^{}$", tag_pattern());
    let most = fields::MAX_TAG_CHARS;
    let told = format!("1 to {most} characters, none a comma or a control character.");
    string()
        .description(Some(told))
        .pattern(Some(pattern))
        .build()
}

fn tags() -> Array {
    let items = Ref::from_schema_name(Tag::name());
    ArrayBuilder::new()
        .items(items)
        .max_items(Some(fields::MAX_TAGS))
        .build()
}

fn metadata_patch() -> Object {
    let nullable = SchemaType::Array(vec![Type::String, Type::Null]);
    let value = ObjectBuilder::new().schema_type(nullable);
    let value = value.pattern(Some(PLAIN)).build();
    let name = string().min_length(Some(1)).pattern(Some(PLAIN));
    let most = fields::MAX_METADATA_BYTES;
    let told = format!(
        "A string without control characters sets a member, `null` removes it. All names and \
         values together have at most {most} bytes."
    );
    ObjectBuilder::new()
        .description(Some(told))
        .property_names(Some(name.build()))
        .additional_properties(Some(AdditionalProperties::RefOr(value.into())))
        .build()
}

fn files() -> Array {
    let format = SchemaFormat::KnownFormat(KnownFormat::Binary);
    let file = string().format(Some(format)).build();
    let range = ArrayBuilder::new()
        .min_items(Some(1))
        .max_items(Some(MAX_FILES));
    range.items(file).build()
}
