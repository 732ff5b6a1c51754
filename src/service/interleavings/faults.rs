//! A day in the life of a server, again and again: each time another call to a store
//! fails, without effect, after taking effect, or with an effect that is delayed, once or
//! from then on.

use super::clock::{GRACE, TERM};
use super::operations::Operation;
use super::steps::Verdict;
use super::world::World;

/// The operations, and how much time passes after each, in milliseconds.
fn day() -> Vec<(Operation, i64)> {
    let upload = |owner, files: &[usize]| Operation::Upload {
        owner,
        files: files.to_vec(),
    };
    let delete = |image| Operation::Delete { image };
    let read = |image| Operation::Read { image };
    let derive = |image| Operation::Derive { image, width: 0 };
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
        (derive(1), 1000),
        (derive(1), 1000),
        (delete(3), 2 * GRACE),
        (sweep(), 1000),
        (upload(1, &[2]), 1000),
        (Operation::Audit, TERM.whole()),
        (upload(0, &[2]), 1000),
        (sweep(), 1000),
        (read(2), 1000),
    ]
}

/// The same while blobs are moved, which does not succeed at the first attempt.
fn day_of_moving() -> Vec<(Operation, i64)> {
    let sweep = || Operation::Sweep { limit: 100 };
    vec![
        (Operation::Delete { image: 0 }, 1000),
        (Operation::Migrate, 1000),
        (Operation::Delete { image: 1 }, GRACE + 1000),
        (sweep(), 1000),
        (Operation::Migrate, 1000),
        (Operation::Read { image: 2 }, 1000),
        (Operation::Delete { image: 2 }, GRACE + 1000),
        (sweep(), TERM.whole()),
        (sweep(), 1000),
    ]
}

/// Which steps fail, and how.
#[derive(Clone, Copy)]
struct Trouble {
    verdict: Verdict,
    /// Whether all steps after it fail, too.
    lasts: bool,
}

const FAILURE: Trouble = Trouble {
    verdict: Verdict::Fail,
    lasts: false,
};
const BLACKOUT: Trouble = Trouble {
    verdict: Verdict::Fail,
    lasts: true,
};

/// A call that takes effect this many steps after its failure.
fn late(steps: usize) -> Trouble {
    Trouble {
        verdict: Verdict::Late(steps),
        lasts: false,
    }
}

/// Makes each step in turn fail. A step is a call or its answer.
fn trouble_each_step(world: fn() -> World, day: fn() -> Vec<(Operation, i64)>, trouble: Trouble) {
    let steps = live(world(), day(), |_| Verdict::Proceed);
    assert!(steps > 100, "the day has only {steps} steps");
    for n in 0..steps {
        let mut world = world();
        world.look_away();
        live(world, day(), |step| {
            if step == n || (trouble.lasts && step > n) {
                trouble.verdict
            } else {
                Verdict::Proceed
            }
        });
    }
}

/// Lives through a day. Returns the number of its steps.
fn live(mut world: World, day: Vec<(Operation, i64)>, verdict: impl Fn(usize) -> Verdict) -> usize {
    let mut steps = 0;
    for (operation, millis) in day {
        world.perform(&operation, || {
            steps += 1;
            verdict(steps - 1)
        });
        world.wait(millis);
    }
    world.finish(true);
    steps
}

#[test]
fn when_any_step_on_memory_fails_nothing_is_lost_or_leaked() {
    trouble_each_step(World::in_memory, day, FAILURE);
}

#[test]
fn when_memory_fails_from_any_step_on_nothing_is_lost_or_leaked() {
    trouble_each_step(World::in_memory, day, BLACKOUT);
}

#[test]
fn when_any_step_on_sqlite_fails_nothing_is_lost_or_leaked() {
    trouble_each_step(World::in_sqlite, day, FAILURE);
}

#[test]
fn when_any_call_on_memory_takes_effect_after_its_failure_nothing_is_lost_or_leaked() {
    for steps in [1, 5, 30, usize::MAX] {
        trouble_each_step(World::in_memory, day, late(steps));
    }
}

#[test]
fn when_any_call_on_sqlite_takes_effect_after_its_failure_nothing_is_lost_or_leaked() {
    for steps in [3, usize::MAX] {
        trouble_each_step(World::in_sqlite, day, late(steps));
    }
}

#[test]
fn when_any_step_of_a_move_fails_nothing_is_lost_or_leaked() {
    for trouble in [FAILURE, BLACKOUT] {
        trouble_each_step(|| World::in_memory().moving(), day_of_moving, trouble);
    }
}

#[test]
fn when_any_call_of_a_move_takes_effect_after_its_failure_nothing_is_lost_or_leaked() {
    for steps in [1, 9, 60, usize::MAX] {
        trouble_each_step(|| World::in_memory().moving(), day_of_moving, late(steps));
    }
}
