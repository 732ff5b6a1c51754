//! A bound on the memory of the host as a whole: how many instances and requests have room in it.

use crate::exit::WrongSetting;
use crate::server::Bounds;
use crate::worker::Limits;
use std::num::NonZero;
use std::thread::available_parallelism;

/// What the host needs whatever it serves, in bytes. Compiling the components at the first start
/// takes most of it.
const HOST: usize = 128 << 20;
/// What each processor needs besides: the caches of the connections on which a thread reads from
/// databases, and its share of what the allocator keeps.
const PROCESSOR: usize = 32 << 20;
/// The most that a connection and its requests hold outside of the instance: heads, and pieces of
/// bodies that one side has sent and the other one has not taken yet.
const CONNECTION: usize = 2 << 20;
/// The limit on an instance if the operator sets none.
const INSTANCE: usize = 64 << 20;
/// The fewest instances: one for requests, and a single-use one for their requests to a component
/// of WASI 0.2.
const FEWEST: usize = 2;

/// Lowers the limits so that everything together takes no more than `bytes`. A quarter of the
/// instances are single-use ones: if the others could take their room, none would answer these.
///
/// # Errors
///
/// Fails if too few instances have room.
pub fn within(bytes: usize, limits: &mut Limits, clients: &mut Bounds) -> Result<(), WrongSetting> {
    let processors = available_parallelism().map_or(1, NonZero::get);
    let host = HOST.saturating_add(PROCESSOR.saturating_mul(processors));
    let memory = *limits.max_memory.get_or_insert(INSTANCE);
    let connections = CONNECTION.saturating_mul(limits.concurrent);
    let instance = memory.saturating_add(connections);
    let rest = bytes.saturating_sub(host);
    let instances = rest.checked_div(instance).unwrap_or(0);
    if instances < FEWEST {
        return Err(WrongSetting::new(format!(
            "--max-memory={bytes} is too little: the host takes {host} bytes, and each of at least \
             {FEWEST} instances {instance}: --max-instance-memory, {memory}, and 2 MiB for each of \
             {} connections",
            limits.concurrent
        )));
    }
    limits.instances = limits
        .instances
        .min(u32::try_from(instances).unwrap_or(u32::MAX));
    limits.single_use = limits.single_use.min((instances / 4).max(1));
    limits.reused = limits.reused.min(instances - limits.single_use);
    let connections = limits.reused.saturating_mul(limits.concurrent);
    clients.connections = clients.connections.min(connections);
    // A request is under way until its instance is done with it, which may be after its connection
    // has ended, or has sent the next one.
    clients.requests = clients.requests.min(connections.saturating_mul(2));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    const MIB: usize = 1 << 20;

    fn bounded(bytes: usize, max_memory: Option<usize>) -> Result<(Limits, Bounds), WrongSetting> {
        let mut limits = Limits {
            instances: 1000,
            reused: 1000,
            max_memory,
            single_use: 4,
            reuse: 128,
            concurrent: 16,
            idle: Duration::ZERO,
            request: None,
            compute: None,
        };
        let mut clients = Bounds {
            connections: 4096,
            requests: 4096,
            header_timeout: Duration::ZERO,
            body_timeout: Duration::ZERO,
            write_timeout: Duration::ZERO,
        };
        within(bytes, &mut limits, &mut clients).map(|()| (limits, clients))
    }

    /// What the host takes on this machine.
    fn host() -> usize {
        HOST + PROCESSOR * available_parallelism().unwrap().get()
    }

    #[test]
    fn as_many_instances_run_as_have_room_with_their_requests() {
        let (limits, clients) = bounded(host() + 10 * 96 * MIB, None).unwrap();
        assert_eq!((limits.instances, limits.max_memory), (10, Some(64 * MIB)));
        assert_eq!((limits.single_use, limits.reused), (2, 8));
        assert_eq!((clients.connections, clients.requests), (128, 256));
        let (limits, clients) = bounded(host() + 2 * 48 * MIB, Some(16 * MIB)).unwrap();
        assert_eq!((limits.instances, limits.max_memory), (2, Some(16 * MIB)));
        assert_eq!((limits.single_use, limits.reused), (1, 1));
        assert_eq!((clients.connections, clients.requests), (16, 32));
    }

    #[test]
    fn a_limit_that_is_lower_already_stays() {
        let (limits, clients) = bounded(usize::MAX, None).unwrap();
        assert_eq!((limits.instances, clients.connections), (1000, 4096));
        assert_eq!((limits.single_use, limits.reused), (4, 1000));
    }

    #[test]
    fn a_bound_without_room_for_two_instances_is_refused() {
        let refused = bounded(host() + 2 * 96 * MIB - 1, None)
            .map(drop)
            .unwrap_err();
        assert!(refused.to_string().contains("is too little"), "{refused}");
        assert!(bounded(0, Some(usize::MAX)).is_err());
    }
}
