//! Memory: of an instance during a transfer of any length, of the host after many requests, and of
//! a host whose memory is bounded.

mod bound;
mod flat;
mod transfers;
