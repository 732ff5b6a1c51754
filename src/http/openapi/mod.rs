//! The published description of the API (OpenAPI 3.1), generated from the annotations of
//! handlers and types. Compiled for unit tests only: the component carries the generated
//! file, `docs/openapi.json`, and a test holds it to the code. `cargo xtask openapi` writes
//! it anew, and makes the page `docs/openapi.html` of it.
//!
//! An annotation says what is special about an operation; what follows from its path, its
//! security and its bodies is completed here:
//! - `schema`: the schemas that stand in several types, made from the limits in the code
//! - `shared`: headers, parameters and ways of access that operations refer to by name
//! - `image_types`: the types of bodies that are images
//! - `problems`: the answers that are problems
//! - `examples`: values for schemas, and the command of curl for an operation

mod complete;
mod examples;
mod image_types;
mod operation;
mod problems;
pub(super) mod schema;
mod shared;
#[cfg(test)]
mod tests;

use serde_json::Value;
use utoipa::OpenApi;

use super::routes::{
    admin, admin_migrate, content, docs, health, images, limits, links, metrics, problems as pages,
    tickets, upload, usage,
};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Darkroom",
        version = env!("CARGO_PKG_VERSION"),
        description = include_str!("introduction.md"),
        license(name = "Apache-2.0", identifier = "Apache-2.0"),
    ),
    servers((url = "/", description = "Where this description is.")),
    tags(
        (name = "Images", description = "Take images in, find them, give them out."),
        (name = "Links", description = "Signed URLs: whoever has one may download an image."),
        (name = "Tickets", description = "Uploads without a token."),
        (name = "Service", description = "What is accepted, what went wrong, and whether all is well."),
    ),
    components(schemas(schema::Tag)),
    paths(
        upload::create, images::list, images::show, images::edit, images::delete,
        content::content,
        links::create, links::revoke,
        tickets::create,
        usage::show, limits::show, health::live, health::ready,
        metrics::metrics, admin::sweep, admin::audit, admin_migrate::migrate, pages::list, pages::show,
        docs::description, docs::show,
    ),
)]
struct Annotations;

/// The whole document.
fn document() -> Value {
    let mut annotated = serde_json::to_value(Annotations::openapi()).expect("a JSON object");
    image_types::list(&mut annotated);
    complete::complete(annotated)
}
