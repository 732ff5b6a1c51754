//! An application that cannot be built, because a setting is wrong.

use super::*;
use crate::model::Timestamp;
use crate::platform::testing::TestPlatform;
use crate::settings::Settings;

async fn answer(method: Method, path: &str) -> Answer {
    let error = Settings::of_test(&[("max_pixels", "many")]).expect_err("a wrong setting");
    let platform = Arc::new(TestPlatform::new(|| Timestamp::from_millis(NOW)));
    let request = request(method, path, Body::empty());
    let response = Api::broken(error.into(), platform).respond(request).await;
    let (parts, body) = response.into_parts();
    Answer {
        status: parts.status,
        headers: parts.headers,
        body: body.collect().await.expect("a whole body").to_bytes(),
    }
}

#[tokio::test]
async fn the_process_is_live_and_everything_else_names_the_wrong_setting() {
    let live = answer(Method::GET, "/health/live").await;
    assert_eq!(
        (live.status, &live.json()["status"]),
        (StatusCode::OK, &"ok".into())
    );
    answer(Method::POST, "/health/live")
        .await
        .is_problem(405, "method-not-allowed");
    for path in ["/health/ready", "/v1/images", "/metrics", "/nothing", "/"] {
        let refused = answer(Method::GET, path).await;
        refused.is_problem(503, "misconfigured");
        let problem = refused.json();
        assert_eq!(problem["variable"], "max_pixels", "{path}");
        let detail = problem["detail"].as_str().expect("a text");
        assert!(
            detail.contains("max_pixels") && detail.contains("many"),
            "{detail}"
        );
        assert!(!refused.header("x-request-id").is_empty(), "{path}");
    }
}
