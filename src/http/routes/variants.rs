//! `/v1/images/{id}/variants`: what was derived from an image.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::delete;

use super::Route;
use crate::http::app::App;
use crate::http::input::extract::{Authorized, ImageId, Write};
use crate::http::reply::problem::Problem;

pub(super) fn routes() -> Vec<Route> {
    vec![("/v1/images/{id}/variants", delete(drop_all))]
}

/// Delete derived images
///
/// Deletes everything that was derived from this image. It is derived again when it is requested.
#[utoipa::path(
    delete, path = "/v1/images/{id}/variants", operation_id = "deleteVariants", tag = "Images",
    responses((status = 204, description = "The derived images were deleted.")),
    security(("token" = ["images:write"])),
)]
pub(crate) async fn drop_all(
    State(app): State<Arc<App>>,
    caller: Authorized<Write>,
    ImageId(id): ImageId,
) -> Result<StatusCode, Problem> {
    app.service.delete_variants(&caller.grant, id).await?;
    Ok(StatusCode::NO_CONTENT)
}
