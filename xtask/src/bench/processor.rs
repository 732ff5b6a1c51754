//! The processor time that the host used.

use std::fs;
use std::time::Duration;

use super::memory::members;

/// `USER_HZ`: the unit of the times that Linux shows, whatever the resolution of its clock.
const TICKS_PER_SECOND: u32 = 100;

/// The processor time of all running processes of a group since their start, to a hundredth of a
/// second.
pub(crate) fn time_of(group: u32) -> Duration {
    let stat = |pid: &u32| fs::read_to_string(format!("/proc/{pid}/stat")).ok();
    let ticks: u64 = members(group)
        .iter()
        .filter_map(stat)
        .filter_map(|stat| ticks(&stat))
        .sum();
    Duration::from_secs(ticks) / TICKS_PER_SECOND
}

/// The ticks in a line of `/proc/…/stat`: those of the program and those of the kernel.
fn ticks(stat: &str) -> Option<u64> {
    let (_, fields) = stat.rsplit_once(')')?;
    let mut fields = fields.split_whitespace().skip(11);
    let mut next = || fields.next()?.parse::<u64>().ok();
    Some(next()? + next()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_read_after_any_name() {
        let stat = "12 (a) b) S 1 77 77 0 -1 0 1 2 3 4 40 2 0 0 20 0";
        assert_eq!(ticks(stat), Some(42));
        assert_eq!(ticks("12 (cut"), None);
    }

    #[test]
    fn the_time_of_this_process_is_counted() {
        let group = rustix::process::getpgrp().as_raw_pid().unsigned_abs();
        let before = time_of(group);
        let mut number = 1_u64;
        while time_of(group) == before {
            number = std::hint::black_box(number.wrapping_mul(3));
        }
        assert!(time_of(group) > before);
    }
}
