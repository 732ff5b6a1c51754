//! The published description of the API (OpenAPI 3.1), generated from the annotations of
//! handlers and types. It is compiled for unit tests only: the component embeds the generated
//! file, `docs/openapi.json`, and a test compares that file with the code. `cargo xtask openapi`
//! regenerates it, and the page `docs/openapi.html` from it.
//!
//! An annotation describes what is specific to an operation. This module adds what follows from
//! its path, security and bodies:
//! - `shared`: headers, parameters and security schemes that operations refer to by name
//! - `image_types`: the media types of bodies that are images
//! - `problems`: the error responses
//! - `examples`: example values for schemas
//! - `commands`: curl commands for each operation

mod commands;
mod complete;
mod examples;
mod image_types;
mod operation;
mod problems;
mod shared;
mod tests;

use serde_json::Value;
use utoipa::OpenApi;

use crate::http::openapi::schema;
use crate::http::routes::{
    admin, admin_migrate, bulk, content, docs, health, iiif, images, integrations, limits, links,
    metrics, owners, page, problems as pages, tickets, upload, uploads, usage, variants,
};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Darkroom",
        version = env!("CARGO_PKG_VERSION"),
        description = include_str!("introduction.md"),
        license(name = "Apache-2.0", identifier = "Apache-2.0"),
    ),
    servers((url = "/", description = "The server of this description.")),
    tags(
        (name = "Images", description = "Upload, find, edit and download images."),
        (name = "Uploads", description = "Uploads that can be resumed after an interruption."),
        (name = "IIIF", description = "Images by the IIIF Image API 3.0, for viewers with a deep zoom."),
        (name = "Links", description = "Signed URLs that allow downloads without a token."),
        (name = "Tickets", description = "Upload tickets, which allow uploads without a token."),
        (name = "Service", description = "Limits, health, metrics, maintenance and documentation."),
    ),
    components(schemas(schema::Tag)),
    paths(
        upload::create, upload::create_batch, images::list, images::show, images::edit, images::delete,
        bulk::delete,
        content::content, variants::drop_all,
        iiif::redirect, iiif::information, iiif::image,
        links::create, links::list, links::revoke, links::revoke_one, bulk::create_links,
        tickets::create, tickets::listing::list, tickets::show, tickets::revoke,
        integrations::sharex,
        uploads::list, uploads::tus::create, uploads::show, uploads::append, uploads::end, uploads::overriding,
        usage::show, limits::show, health::live, health::ready,
        metrics::metrics, owners::erase, admin::sweep, admin::audit, admin_migrate::migrate,
        pages::list, pages::show,
        docs::description, docs::show,
        page::show, page::show_to_guests, page::file,
    ),
)]
struct Annotations;

/// The whole document.
fn document() -> Value {
    let mut annotated = serde_json::to_value(Annotations::openapi()).expect("a JSON object");
    image_types::list(&mut annotated);
    complete::complete(annotated)
}
