//! How much memory the host took, and how much of it its guests.

use std::fs;
use std::path::Path;
use std::thread;
use std::time::Duration;

use rustix::process::Signal;

use crate::signals;

/// The peak of resident memory, in bytes, of all processes in a group, since
/// their start or the last [`reset`].
pub(crate) fn peak_resident(group: u32) -> u64 {
    let peak = |pid: &u32| {
        let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
        let line = status
            .lines()
            .find_map(|line| line.strip_prefix("VmHWM:"))?;
        Some(line.trim().strip_suffix(" kB")?.parse::<u64>().ok()? * 1024)
    };
    members(group).iter().filter_map(peak).sum()
}

/// Starts a new peak.
pub(crate) fn reset(group: u32) {
    for pid in members(group) {
        let _ = fs::write(format!("/proc/{pid}/clear_refs"), "5");
    }
}

fn members(group: u32) -> Vec<u32> {
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    processes
        .filter_map(|entry| {
            let pid = entry.file_name().to_str()?.parse().ok()?;
            let stat = fs::read_to_string(entry.path().join("stat")).ok()?;
            (group_of(&stat)? == group).then_some(pid)
        })
        .collect()
}

/// The process group in a line of `/proc/…/stat`; the second field is a name in
/// brackets that may hold anything.
fn group_of(stat: &str) -> Option<u32> {
    let (_, fields) = stat.rsplit_once(')')?;
    fields.split_whitespace().nth(2)?.parse().ok()
}

/// The peak of a guest's linear memory, in bytes, which the embedded host
/// writes to its log when asked.
pub(crate) fn peak_guest(host: u32, log: &Path) -> Option<u64> {
    signals::send(host, Signal::USR1);
    for _ in 0..50 {
        thread::sleep(Duration::from_millis(20));
        if let Some(bytes) = guest_bytes(&fs::read_to_string(log).ok()?) {
            return Some(bytes);
        }
    }
    None
}

fn guest_bytes(log: &str) -> Option<u64> {
    let stats = log
        .lines()
        .rev()
        .find_map(|line| line.split_once("stats "))?;
    let peak = |field: &str| field.strip_prefix("peak_guest_memory_bytes=")?.parse().ok();
    stats.1.split_whitespace().find_map(peak)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_group_is_read_behind_any_name() {
        assert_eq!(group_of("12 (a) b (c) S 1 77 77 0"), Some(77));
        assert_eq!(group_of("12 (cut"), None);
    }

    #[test]
    fn this_process_has_a_peak() {
        let group = rustix::process::getpgrp().as_raw_pid().unsigned_abs();
        assert!(peak_resident(group) > 1024 * 1024);
    }

    #[test]
    fn the_last_stats_of_the_log_count() {
        let log = "stats peak_guest_memory_bytes=1 traps=0\nx\nINFO stats peak_guest_memory_bytes=22 traps=0\n";
        assert_eq!(guest_bytes(log), Some(22));
        assert_eq!(guest_bytes("nothing"), None);
    }
}
