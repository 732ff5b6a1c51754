//! The memory that the host used.

use std::fs;

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

/// Resets the peak to the memory in use.
pub(crate) fn reset(group: u32) {
    for pid in members(group) {
        let _ = fs::write(format!("/proc/{pid}/clear_refs"), "5");
    }
}

/// The processes of a group.
pub(super) fn members(group: u32) -> Vec<u32> {
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    processes
        .filter_map(|entry| {
            let pid = entry.file_name().to_str()?.parse().ok()?;
            let stat = fs::read_to_string(entry.path().join("stat")).ok()?;
            (group_of(&stat)? == group).then_some(pid)
        })
        .collect()
}

/// The process group in a line of `/proc/…/stat`. The second field is a name in parentheses, which
/// may contain anything.
fn group_of(stat: &str) -> Option<u32> {
    let (_, fields) = stat.rsplit_once(')')?;
    fields.split_whitespace().nth(2)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_group_is_read_after_any_name() {
        assert_eq!(group_of("12 (a) b (c) S 1 77 77 0"), Some(77));
        assert_eq!(group_of("12 (cut"), None);
    }

    #[test]
    fn this_process_has_a_peak() {
        let group = rustix::process::getpgrp().as_raw_pid().unsigned_abs();
        assert!(peak_resident(group) > 1024 * 1024);
    }
}
