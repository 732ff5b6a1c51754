//! Crashes, failing stores, clients that disconnect: nothing is lost, and no remains are left.

pub(crate) mod crash;
mod durability;
mod hosts;
mod integrity;
mod interrupted;
mod killed_uploads;
mod neighbours;
mod outages;
mod postgres;
mod redis;
mod redis_faults;
mod s3;
mod upgrade;
