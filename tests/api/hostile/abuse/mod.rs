//! Abuse of HTTP itself: requests that are ambiguous, that never end, that are too large, or too
//! many. In every case, other clients are served as well as before, no remains are left, and no
//! request hides in another.

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
