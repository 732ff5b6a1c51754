//! Where the servers' programs are, and who runs them.

use std::env;
use std::fs;
use std::os::unix::fs::{MetadataExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

/// The directory of Debian's versions of PostgreSQL.
const VERSIONS: &str = "/usr/lib/postgresql";

/// The directory with `initdb` and `postgres`: that of `DARKROOM_TEST_POSTGRES`, which is the path
/// of `initdb`, or else that of the newest version which Debian has installed. None if there is
/// none, which is an error in CI.
pub(crate) fn postgres() -> Option<PathBuf> {
    let named = env::var_os("DARKROOM_TEST_POSTGRES").map(PathBuf::from);
    let found = named
        // The other programs are beside the file itself, not beside a link to it.
        .and_then(|initdb| Some(initdb.canonicalize().ok()?.parent()?.to_owned()))
        .or_else(newest);
    if found.is_none() {
        missing("PostgreSQL", "postgresql");
    }
    found
}

/// PgBouncer's program: `DARKROOM_TEST_PGBOUNCER`, or where Debian installs it.
pub(crate) fn bouncer() -> Option<PathBuf> {
    let named = env::var_os("DARKROOM_TEST_PGBOUNCER").map(PathBuf::from);
    let found = named.or_else(|| {
        let path = PathBuf::from("/usr/sbin/pgbouncer");
        path.is_file().then_some(path)
    });
    if found.is_none() {
        missing("PgBouncer", "pgbouncer");
    }
    found
}

fn newest() -> Option<PathBuf> {
    let versions = fs::read_dir(VERSIONS).ok()?;
    let version = |path: &PathBuf| path.file_name()?.to_str()?.parse::<u32>().ok();
    let newest = versions
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.join("bin/initdb").is_file())
        .max_by_key(version)?;
    Some(newest.join("bin"))
}

fn missing(name: &str, package: &str) {
    let advice = format!("{name} is not installed: apt-get install {package}");
    assert!(!env::var("CI").is_ok_and(|ci| ci == "true"), "{advice}");
    eprintln!("skipped: {advice}");
}

/// The user who runs the servers: whoever runs the tests or, because the servers refuse to be run
/// by root, somebody without privileges.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Runner(Option<(u32, u32)>);

impl Runner {
    pub(crate) fn find() -> Self {
        let is_root = fs::metadata("/proc/self").is_ok_and(|process| process.uid() == 0);
        Self(is_root.then(|| {
            let users = fs::read_to_string("/etc/passwd").unwrap_or_default();
            let of = |name: &str| {
                let line = users.lines().find_map(|line| line.strip_prefix(name))?;
                let mut fields = line.strip_prefix(":")?.split(':').skip(1);
                Some((fields.next()?.parse().ok()?, fields.next()?.parse().ok()?))
            };
            let nobody = (65_534, 65_534);
            of("postgres").or_else(|| of("nobody")).unwrap_or(nobody)
        }))
    }

    /// A program that this user runs.
    pub(crate) fn command(self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command.current_dir("/");
        if let Some((user, group)) = self.0 {
            command.uid(user).gid(group);
        }
        command
    }

    /// Makes this user the owner of a file or a directory.
    pub(crate) fn give(self, path: &Path) {
        if let Some((user, group)) = self.0 {
            chown(path, Some(user), Some(group)).expect("is given");
        }
    }

    /// Creates a temporary directory of this user, whose path is short enough for a socket.
    pub(crate) fn directory(self, name: &str) -> PathBuf {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("darkroom-{name}-{}-{number}", std::process::id());
        let directory = env::temp_dir().join(name);
        let _ = fs::remove_dir_all(&directory);
        fs::create_dir_all(&directory).expect("a directory");
        self.give(&directory);
        directory
    }
}
