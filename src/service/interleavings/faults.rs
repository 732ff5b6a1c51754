//! A day in the life of a server, over and over: each time another call to a store
//! fails, without effect or after it, once or from there on.

use super::operations::Operation;
use super::steps::Verdict;
use super::world::{GRACE, TERM, World};

/// What happens, and how much time passes after it, in milliseconds.
fn day() -> Vec<(Operation, i64)> {
    let upload = |owner, files: &[usize]| Operation::Upload {
        owner,
        files: files.to_vec(),
    };
    let delete = |image| Operation::Delete { image };
    let read = |image| Operation::Read { image };
    let sweep = || Operation::Sweep { limit: 100 };
    vec![
        (upload(0, &[0, 1, 0]), 1000),
        (upload(0, &[2]), 1000),
        (upload(1, &[0]), 1000),
        (read(0), 1000),
        (delete(0), 1000),
        (delete(0), 1000),
        (upload(0, &[1]), 1000),
        (read(1), 1000),
        (delete(3), 2 * GRACE),
        (sweep(), 1000),
        (upload(1, &[2]), 1000),
        (Operation::Audit, TERM.whole()),
        (upload(0, &[2]), 1000),
        (sweep(), 1000),
        (read(2), 1000),
    ]
}

/// Fails each step in turn, until there is none more. A step is a call or its answer.
fn fail_each_step(world: fn() -> World, outage: bool) {
    for n in 0.. {
        let mut world = world();
        let mut steps = 0;
        for (operation, millis) in day() {
            world.perform(&operation, || {
                steps += 1;
                let fails = steps - 1 == n || (outage && steps > n);
                if fails {
                    Verdict::Fail
                } else {
                    Verdict::Proceed
                }
            });
            world.wait(millis);
        }
        world.finish(true);
        if steps <= n {
            assert!(n > 200, "the day has {n} steps only");
            break;
        }
    }
}

#[test]
fn whatever_step_fails_on_memory_nothing_is_lost_or_leaked() {
    fail_each_step(World::in_memory, false);
}

#[test]
fn whatever_step_a_blackout_of_memory_begins_at_nothing_is_lost_or_leaked() {
    fail_each_step(World::in_memory, true);
}

#[test]
fn whatever_step_fails_on_sqlite_nothing_is_lost_or_leaked() {
    fail_each_step(World::in_sqlite, false);
}
