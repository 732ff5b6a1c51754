//! The files in `deploy/`: as far as a machine without containers can try them, they are tried, and
//! the rest is judged by the schemas and the programs of those who read them.

use std::collections::BTreeSet;
use std::fs;
use std::io::Write as _;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::support::process::Process;
use crate::support::{
    ALL_SCOPES, Client, Darkroom, KEYS, Png, Program, content, ended, environment, peer,
    spin_differs, token,
};

fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

fn text(name: &str) -> String {
    fs::read_to_string(file(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

#[test]
fn manifests_for_kubernetes_and_compose_follow_their_schemas() {
    let (Some(python), Some(modules)) = (
        Program::find("DARKROOM_TEST_PYTHON"),
        peer("DARKROOM_TEST_NODE_MODULES"),
    ) else {
        return;
    };
    let schema = "node_parts/node_modules/dclint/schemas/compose.schema.json";
    python.succeed(&[
        file("tests/deploy/check.py"),
        file("deploy"),
        file("tests/deploy/spinkube"),
        modules.with_file_name(schema),
    ]);
}

/// The expressions of the alerts and of the dashboard.
fn expressions() -> Vec<String> {
    let alerts = text("deploy/monitoring/alerts.yml");
    // Each expression is one line, whether it stands behind its key or below.
    let mut expressions = Vec::new();
    let mut lines = alerts.lines().map(str::trim).peekable();
    while let Some(line) = lines.next() {
        match line.strip_prefix("expr: ") {
            Some(">-") => {
                let mut whole = String::new();
                while let Some(part) = lines.next_if(|line| !line.contains(": ")) {
                    whole = format!("{whole} {part}");
                }
                expressions.push(whole);
            }
            Some(expression) => expressions.push(expression.to_owned()),
            None => {}
        }
    }
    assert_eq!(expressions.len(), alerts.matches("- alert:").count());
    let dashboard: Value =
        serde_json::from_str(&text("deploy/monitoring/dashboard.json")).expect("JSON");
    for panel in dashboard["panels"].as_array().expect("panels") {
        for target in panel["targets"].as_array().expect("targets") {
            let expression = target["expr"].as_str().expect("an expression");
            expressions.push(expression.replace("$__rate_interval", "5m"));
        }
    }
    expressions
}

#[test]
fn alerts_and_dashboards_have_valid_expressions() {
    let Some(modules) = peer("DARKROOM_TEST_NODE_MODULES") else {
        return;
    };
    let folder = tempfile::tempdir().expect("a temporary directory");
    // Node looks for libraries next to the file that imports them.
    let beside = folder.path().join("node_modules");
    std::os::unix::fs::symlink(modules, beside).expect("a link");
    let script = folder.path().join("promql.mjs");
    fs::copy(file("tests/deploy/promql.mjs"), &script).expect("a copy");
    let mut node = Command::new("node")
        .arg(script)
        .stdin(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("Node starts");
    let input = expressions().join("\n");
    let mut stdin = node.stdin.take().expect("its input");
    stdin.write_all(input.as_bytes()).expect("is written");
    drop(stdin);
    let output = node.wait_with_output().expect("it ends");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
}

#[tokio::test]
async fn alerts_and_dashboards_use_metrics_that_there_are() {
    if spin_differs("requests are counted by the embedded host") {
        return;
    }
    let darkroom = Darkroom::shared();
    darkroom.client("alice").get("/v1/usage").await;
    let metrics = darkroom
        .scoped("prometheus", "metrics")
        .get("/metrics")
        .await;
    let metrics = metrics.text().await.expect("text");
    let types = metrics
        .lines()
        .filter_map(|line| line.strip_prefix("# TYPE "));
    let mut names: BTreeSet<String> = BTreeSet::from(["up".to_owned()]);
    for kind in types {
        let (name, kind) = kind.split_once(' ').expect("a type");
        names.insert(name.to_owned());
        if kind == "histogram" {
            names.extend(["_bucket", "_sum", "_count"].map(|end| format!("{name}{end}")));
        }
    }
    let mut used = 0;
    for expression in expressions() {
        let words = expression.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
        for word in words.filter(|word| word.starts_with("darkroom_")) {
            assert!(names.contains(word), "there is no metric {word}");
            used += 1;
        }
    }
    assert!(used > 20, "{used}");
}

#[test]
fn the_unit_of_systemd_is_valid_and_sandboxed() {
    let Some(analyze) = Program::find("DARKROOM_TEST_SYSTEMD_ANALYZE") else {
        return;
    };
    let unit = text("deploy/systemd/darkroom.service");
    let program = environment::operators_program().display().to_string();
    let installed = "/usr/local/bin/darkroom";
    assert!(unit.contains(installed));
    analyze.write(
        "darkroom.service",
        unit.replace(installed, &program).as_bytes(),
    );
    let verified = analyze.run(&["verify", "--recursive-errors=no", "./darkroom.service"]);
    let errors = String::from_utf8_lossy(&verified.stderr).into_owned();
    assert!(
        verified.status.success() && errors.trim().is_empty(),
        "{errors}"
    );
    // 10 is what a unit without any sandbox has, times ten.
    let judged = analyze.run(&[
        "security",
        "--offline=yes",
        "--threshold=20",
        "--no-pager",
        "./darkroom.service",
    ]);
    let report = String::from_utf8_lossy(&judged.stdout).into_owned();
    assert!(judged.status.success(), "{report}");
}

/// The instruction of the Dockerfile whose last part is an array of words.
fn instruction(name: &str) -> Vec<String> {
    let dockerfile = text("deploy/container/Dockerfile").replace("\\\n", " ");
    let mut lines = dockerfile.lines().filter(|line| line.starts_with(name));
    let line = lines.next_back().expect("an instruction");
    let (_, array) = line.split_once('[').expect("an array");
    serde_json::from_str(&format!("[{array}")).expect("words")
}

/// What `gcr.io/distroless/cc` has of the libraries of Debian.
const LIBRARIES: [&str; 4] = [
    "libc.so.6",
    "libm.so.6",
    "libgcc_s.so.1",
    "ld-linux-x86-64.so.2",
];

/// Copies a program and the libraries that it needs into a new root. Returns their names.
fn fill(root: &Path, program: &Path, place: &str) -> Vec<String> {
    let copy = |from: &Path, to: &str| {
        let to = root.join(to.trim_start_matches('/'));
        fs::create_dir_all(to.parent().expect("a folder")).expect("is made");
        fs::copy(from, &to).expect("is copied");
        fs::set_permissions(&to, fs::Permissions::from_mode(0o755)).expect("is set");
    };
    copy(program, place);
    let listed = ended(Command::new("ldd").arg(program));
    assert!(listed.succeeded, "{}", listed.text);
    let paths = listed.printed.lines().filter_map(|line| {
        let path = line.split_whitespace().find(|word| word.starts_with('/'))?;
        Some(path.to_owned())
    });
    let paths: Vec<String> = paths.collect();
    paths.iter().for_each(|path| copy(Path::new(path), path));
    let name = |path: &String| path.rsplit('/').next().unwrap_or_default().to_owned();
    paths.iter().map(name).collect()
}

#[tokio::test]
async fn the_image_serves_without_a_shell_from_a_root_that_cannot_be_written() {
    let is_root = fs::metadata("/proc/self").is_ok_and(|process| process.uid() == 0);
    if !cfg!(target_arch = "x86_64") || !is_root {
        eprintln!("skipped: it needs root, and the libraries of x86-64");
        return;
    }
    let folder = tempfile::tempdir().expect("a temporary directory");
    let readable = fs::Permissions::from_mode(0o755);
    fs::set_permissions(folder.path(), readable).expect("is set");
    let root = folder.path().join("root");
    fs::create_dir_all(root.join("data")).expect("is made");
    let dockerfile = text("deploy/container/Dockerfile");
    let place = "/usr/local/bin/darkroom";
    assert!(dockerfile.contains(&format!("COPY --from=build /out/bin/darkroom {place}\n")));
    assert!(dockerfile.contains("VOLUME /data\n") && dockerfile.contains(":nonroot\n"));
    let libraries = fill(&root, &environment::operators_program(), place);
    let foreign = libraries
        .iter()
        .find(|name| !LIBRARIES.contains(&name.as_str()));
    assert_eq!(foreign, None, "the image does not have it");
    let in_root = |words: Vec<String>| {
        let mut command = Command::new("unshare");
        command.args(["--mount", "sh"]);
        command.arg(file("tests/deploy/in_chroot.sh")).arg(&root);
        command.args(words).env_clear();
        command.env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin");
        command
    };
    let here = |word: String| word.replace("0.0.0.0:3000", "127.0.0.1:0");
    let mut words = instruction("ENTRYPOINT");
    words.extend(instruction("CMD").into_iter().map(here));
    let mut serve = in_root(words);
    let serve = serve.env("SPIN_VARIABLE_SIGNING_KEYS", KEYS);
    let server = Process::of(serve, folder.path());
    let status = fs::read_to_string(format!("/proc/{}/status", server.id())).expect("it runs");
    assert!(
        status.contains("Uid:\t65532\t65532\t65532\t65532"),
        "{status}"
    );
    let alice = Client::new(&server.address, Some(token("alice", ALL_SCOPES)));
    let file = Png::of_size(100_000).bytes();
    let image = alice.upload(file.clone()).await;
    let derived = alice.get(&format!("{}?w=8", content(&image))).await;
    assert_eq!(derived.status(), 200);
    assert_eq!(alice.download(&image).await, file);
    // The health check of the image, which has no port to choose.
    let mut check = instruction("HEALTHCHECK");
    check.extend(["--url".to_owned(), server.address.clone()]);
    let healthy = ended(&mut in_root(check.clone()));
    assert!(healthy.succeeded, "{}", healthy.text);
    drop(server);
    let ill = ended(&mut in_root(check));
    assert!(
        !ill.succeeded && ill.text.contains("no response"),
        "{}",
        ill.text
    );
}
