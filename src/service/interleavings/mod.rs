//! Everything at once: uploads of equal and of different content, in one piece or in many,
//! downloads, derivations, deletions, sweeps, audits and moves to another store by two instances,
//! in a random order of steps,
//! with store failures, calls that take effect long after their failure, crashes and clocks
//! that jump; compared with a model.
//!
//! - `clock`: the time, and how long everything that depends on it lasts
//! - `steps`: store calls that proceed when the test says so
//! - `stores`: the stores, built from such calls
//! - `derivations`: the same for derived images
//! - `operations`: what happens concurrently, and what its outcome shows
//! - `tickets`: the same for uploads with tickets
//! - `model`: what must hold, derived from the answers
//! - `faults`: the operations one after another, with each store call failing in turn
//! - `world`: instances, stores, and everything in progress

mod clock;
mod derivations;
mod faults;
mod model;
mod operations;
mod steps;
mod stores;
mod tickets;
mod world;

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

use clock::{GRACE, TERM};
use operations::Operation;
use steps::Verdict;
use world::World;

/// An action of the test.
#[derive(Clone, Debug)]
enum Action {
    /// Begins an operation in an instance.
    Begin(usize, Operation),
    /// Ends any pause.
    Step(usize),
    /// Runs any operation for some steps.
    Run(usize, usize),
    /// Ends any pause with a failure.
    Fail(usize),
    /// Ends any pause with a failure, and lets the call take effect this many steps later.
    Late(usize, usize),
    /// Ends any operation. The call it waits for takes effect this many steps later, if at
    /// all.
    Crash(usize, Option<usize>),
    /// Ends all operations of an instance.
    Restart(usize),
    /// Lets time pass, in milliseconds.
    Wait(i64),
}

fn operations() -> impl Strategy<Value = Operation> {
    // The last file is the largest, and the rarest.
    let file = prop_oneof![8 => 0..3_usize, 1 => Just(3)];
    let resumable = file.clone();
    prop_oneof![
        3 => (any::<usize>(), resumable)
            .prop_map(|(owner, file)| Operation::Begin { owner, file }),
        2 => any::<usize>().prop_map(|upload| Operation::Continue { upload }),
        6 => (any::<usize>(), vec(file, 1..=3))
            .prop_map(|(owner, files)| Operation::Upload { owner, files }),
        3 => any::<usize>().prop_map(|image| Operation::Delete { image }),
        2 => any::<usize>().prop_map(|image| Operation::Read { image }),
        1 => (any::<usize>(), 1..4_u32)
            .prop_map(|(owner, limit)| Operation::Erase { owner, limit }),
        4 => (any::<usize>(), any::<usize>())
            .prop_map(|(image, width)| Operation::Derive { image, width }),
        1 => any::<usize>().prop_map(|image| Operation::DeleteVariants { image }),
        1 => (any::<usize>(), 1..4_u32)
            .prop_map(|(owner, max_uploads)| Operation::CreateTicket { owner, max_uploads }),
        3 => (any::<usize>(), 0..3_usize)
            .prop_map(|(ticket, file)| Operation::UploadWithTicket { ticket, file }),
        1 => any::<usize>().prop_map(|ticket| Operation::RevokeTicket { ticket }),
        2 => (1..40_u32).prop_map(|limit| Operation::Sweep { limit }),
        1 => Just(Operation::Audit),
        2 => Just(Operation::Migrate),
    ]
}

fn actions() -> impl Strategy<Value = Action> {
    let pick = any::<usize>;
    let later = || prop_oneof![0..9_usize, 0..200_usize];
    let waits = [1000, -60_000, 60_000, GRACE, TERM.write, TERM.whole()];
    prop_oneof![
        8 => (pick(), operations()).prop_map(|(instance, operation)| Action::Begin(instance, operation)),
        12 => pick().prop_map(Action::Step),
        10 => (pick(), 1..60_usize).prop_map(|(task, steps)| Action::Run(task, steps)),
        1 => pick().prop_map(Action::Fail),
        1 => (pick(), later()).prop_map(|(pause, later)| Action::Late(pause, later)),
        2 => (pick(), option::of(later())).prop_map(|(task, later)| Action::Crash(task, later)),
        1 => pick().prop_map(Action::Restart),
        3 => prop::sample::select(waits.to_vec()).prop_map(Action::Wait),
    ]
}

fn act(world: &mut World, action: Action) {
    match action {
        Action::Begin(instance, operation) => world.begin(instance, operation),
        Action::Step(pick) => world.step(pick, Verdict::Proceed),
        Action::Run(pick, steps) => world.run(pick, steps),
        Action::Fail(pick) => world.step(pick, Verdict::Fail),
        Action::Late(pick, later) => world.step(pick, Verdict::Late(later)),
        Action::Crash(pick, later) => world.crash(pick, later),
        Action::Restart(instance) => world.restart(instance),
        Action::Wait(millis) => world.wait(millis),
    }
}

fn play(mut world: World, actions: Vec<Action>, well: bool) {
    for action in actions {
        act(&mut world, action);
    }
    world.finish(well);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1200))]

    #[test]
    fn any_interleaving_on_memory_loses_and_leaks_nothing(
        actions in vec(actions(), 1..120),
        well: bool,
    ) {
        play(World::in_memory(), actions, well);
    }

    #[test]
    fn any_interleaving_of_moves_on_memory_loses_and_leaks_nothing(
        actions in vec(actions(), 1..120),
        well: bool,
    ) {
        play(World::in_memory().moving(), actions, well);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn any_interleaving_on_sqlite_loses_and_leaks_nothing(
        actions in vec(actions(), 1..120),
        well: bool,
    ) {
        play(World::in_sqlite(), actions, well);
    }

    #[test]
    fn any_interleaving_of_moves_on_sqlite_loses_and_leaks_nothing(
        actions in vec(actions(), 1..120),
        well: bool,
    ) {
        play(World::in_sqlite().moving(), actions, well);
    }
}

proptest! {
    // Each step is a round trip.
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn any_interleaving_on_postgres_loses_and_leaks_nothing(
        actions in vec(actions(), 1..120),
        well: bool,
    ) {
        if let Some(world) = World::in_postgres() {
            play(world, actions, well);
        }
    }
}
