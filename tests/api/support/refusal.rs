//! A host that is given a wrong setting.

use super::process::Process;
use super::{Darkroom, Kind, Setup, host_kind, problem};

/// `EX_CONFIG` of `sysexits.h`.
pub(crate) const EX_CONFIG: i32 = 78;

/// What a host says about a wrong setting. The embedded host ends. Spin serves the component, which
/// is live and answers everything else with the reason.
pub(crate) async fn refusal(setup: Setup, variable: &str) -> String {
    if host_kind() == Kind::Embedded {
        let folder = tempfile::tempdir().expect("a temporary directory");
        setup.write_files(folder.path());
        let (code, text) = Process::refused(folder.path(), &setup);
        assert_eq!(code, Some(EX_CONFIG), "{variable}: {text}");
        assert!(!text.contains("Serving"), "{variable}: {text}");
        return text;
    }
    let darkroom = setup.launch();
    let live = darkroom.anonymous().get("/health/live").await;
    assert_eq!(live.status(), 200, "{variable}");
    let mut text = String::new();
    for path in ["/v1/images", "/health/ready"] {
        let response = darkroom.client("alice").get(path).await;
        let details = problem(response, 503, "misconfigured").await;
        assert_eq!(details["variable"], variable);
        text = details.to_string();
    }
    text + &Darkroom::log(&darkroom)
}
