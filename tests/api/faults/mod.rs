//! Crashes, stores that fail, clients that go away: nothing is lost, and nothing is left.

pub(crate) mod crash;
mod durability;
mod integrity;
mod interrupted;
mod outages;
mod redis;
mod redis_faults;
mod s3;
