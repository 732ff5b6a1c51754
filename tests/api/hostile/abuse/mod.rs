//! Abuse of HTTP itself: requests that say two things, that never end, that are too
//! large, or too many. Whatever comes, nobody else is served worse, nothing is left
//! behind, and no request hides in another.

mod computing;
mod cuts;
mod floods;
mod forms;
mod framing;
mod heads;
mod hosts;
mod pieces;
mod readers;
mod streams;
