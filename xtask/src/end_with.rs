//! `cargo xtask end-with`: a process that ends with the process that started it.

use std::ffi::OsString;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{self, Command};

use anyhow::{Result, bail};
use clap::Args;

/// Replaces this process by a program that is asked to end (SIGTERM) when its parent has ended,
/// even if that was killed.
///
/// The kernel remembers such a request across `exec`, but only the process itself can make it, and
/// between `fork` and `exec` that would take unsafe code. So a host is started through this
/// command.
#[derive(Args)]
pub(crate) struct EndWith {
    /// The id of the parent.
    parent: u32,
    /// The program and its arguments.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, required = true)]
    program: Vec<OsString>,
}

impl EndWith {
    /// Runs the command. It returns only if the program cannot be started, or the parent has ended.
    pub(crate) fn run(self) -> Result<()> {
        request()?;
        // A parent that ended before the request does not cause a signal any more.
        let parent = rustix::process::getppid().map(|parent| parent.as_raw_nonzero().get());
        if parent != i32::try_from(self.parent).ok() {
            bail!("the process {} has ended", self.parent);
        }
        let Some((program, arguments)) = self.program.split_first() else {
            bail!("there is no program to start");
        };
        let error = Command::new(program).args(arguments).exec();
        bail!("cannot start {}: {error}", program.display())
    }
}

#[cfg(target_os = "linux")]
fn request() -> Result<()> {
    use rustix::process::{Signal, set_parent_process_death_signal};
    Ok(set_parent_process_death_signal(Some(Signal::TERM))?)
}

#[cfg(not(target_os = "linux"))]
fn request() -> Result<()> {
    Ok(())
}

/// The command that starts a program which ends with this process. It must be started by the main
/// thread, because the kernel takes the end of the thread that starts it for the end of its parent.
pub(crate) fn this_process(program: &Path) -> Command {
    if !cfg!(target_os = "linux") {
        return Command::new(program);
    }
    // The path of this program itself, even if a build has replaced its file since.
    let mut command = Command::new("/proc/self/exe");
    command.args(["end-with", &process::id().to_string()]);
    command.arg(program);
    command
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::env;
    use std::fs;
    use std::io::{BufRead as _, BufReader};
    use std::process::Stdio;
    use std::thread;
    use std::time::{Duration, Instant};

    use super::*;

    /// Set to the id of the parent in the process that the tests start.
    const PARENT: &str = "DARKROOM_TEST_PARENT";

    /// What runs in the process that the tests start. It passes where there is no such process.
    #[test]
    fn in_a_process_of_its_own() {
        if let Ok(parent) = env::var(PARENT) {
            let parent = parent.parse().expect("a process id");
            let program = ["sleep", "600"].map(OsString::from).to_vec();
            let error = EndWith { parent, program }.run();
            eprintln!("{:#}", error.expect_err("it does not return"));
            process::exit(3);
        }
    }

    /// A command for a shell that runs the above.
    const CHILD: &str = "\"$0\" --exact --nocapture end_with::tests::in_a_process_of_its_own";

    fn shell(script: &str) -> Command {
        let mut shell = Command::new("sh");
        let this = env::current_exe().expect("a path");
        shell.args(["-c", script]).arg(this);
        shell
    }

    fn wait_until(what: &str, mut holds: impl FnMut() -> bool) {
        let start = Instant::now();
        while !holds() {
            assert!(start.elapsed() < Duration::from_secs(20), "not {what}");
            thread::sleep(Duration::from_millis(5));
        }
    }

    #[test]
    fn a_program_ends_with_its_parent_even_if_that_is_killed() {
        let script = format!("{PARENT}=$$ {CHILD} >/dev/null 2>&1 & echo $!; wait");
        let mut parent = shell(&script);
        let mut parent = parent.stdout(Stdio::piped()).spawn().expect("sh starts");
        let mut line = String::new();
        let output = parent.stdout.take().expect("its output");
        let read = BufReader::new(output).read_line(&mut line);
        read.expect("the id of the program");
        let process = format!("/proc/{}", line.trim());
        let name = || fs::read_to_string(format!("{process}/comm")).unwrap_or_default();
        wait_until("started", || name() == "sleep\n");
        parent.kill().expect("it runs");
        parent.wait().expect("it has ended");
        // Nobody may be there to collect it.
        wait_until("ended", || {
            let stat = fs::read_to_string(format!("{process}/stat")).unwrap_or_default();
            stat.is_empty() || stat.contains(") Z ")
        });
    }

    #[test]
    fn a_program_is_not_started_if_its_parent_has_ended_already() {
        let output = shell(&format!("{PARENT}=1 {CHILD}"))
            .output()
            .expect("sh starts");
        let text = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(3), "{text}");
        assert!(text.contains("has ended"), "{text}");
    }
}
