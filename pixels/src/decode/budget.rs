//! What a source costs, compared with what it may.

use crate::{Cost, Error, Limits};

/// Checks the size of an animation, or of a still with one frame.
///
/// # Errors
/// [`Error::Undecodable`] if a side or the number of frames is 0, [`Error::TooCostly`] beyond
/// the limits.
pub(super) fn check(width: u32, height: u32, frames: u32, limits: &Limits) -> Result<(), Error> {
    if width == 0 || height == 0 || frames == 0 {
        return Err(Error::undecodable("it has no pixels"));
    }
    let frames = if limits.first_frame_only { 1 } else { frames };
    at_most(Cost::Frames, frames.into(), limits.max_frames.into())?;
    let canvas = u64::from(width) * u64::from(height);
    let pixels = canvas.saturating_mul(frames.into());
    at_most(Cost::Pixels, pixels, limits.max_pixels)
}

/// Checks an estimate of the bytes of memory that decoding takes at once.
pub(super) fn check_memory(bytes: u64, limits: &Limits) -> Result<(), Error> {
    at_most(Cost::Memory, bytes, limits.max_memory as u64)
}

fn at_most(cost: Cost, needed: u64, limit: u64) -> Result<(), Error> {
    if needed > limit {
        return Err(Error::TooCostly {
            cost,
            needed,
            limit,
        });
    }
    Ok(())
}

/// Zeros for a buffer whose length was checked before. An allocation that fails is an error, as
/// far as the allocator says so.
pub(super) fn zeros(length: usize, limits: &Limits) -> Result<Vec<u8>, Error> {
    check_memory(length as u64, limits)?;
    Ok(vec![0; length])
}
