//! The allocator of the component: that of Rust, which also pauses ([`crate::pause`]), and answers
//! when memory runs out ([`crate::exhaustion`]).

use std::alloc::{GlobalAlloc, Layout, System};

use darkroom_pixels::Pause as _;

use crate::exhaustion;
use crate::pause::Pauses;

#[global_allocator]
static ALLOCATOR: Allocator = Allocator;

struct Allocator;

/// Memory as it was allocated, if it was.
fn checked(at: *mut u8, layout: Layout) -> *mut u8 {
    if at.is_null() {
        exhaustion::failed(layout);
    }
    at
}

// SAFETY: all calls are passed on as they are. A pause happens before, while no call is under
// way, and the calls that it makes itself do not pause. The same holds for the answer to a call that
// has failed.
#[expect(unsafe_code, reason = "only an unsafe trait makes an allocator")]
unsafe impl GlobalAlloc for Allocator {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        Pauses.pause();
        // SAFETY: the caller's.
        checked(unsafe { System.alloc(layout) }, layout)
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        // SAFETY: the caller's.
        unsafe { System.dealloc(at, layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        Pauses.pause();
        // SAFETY: the caller's.
        checked(unsafe { System.alloc_zeroed(layout) }, layout)
    }

    unsafe fn realloc(&self, at: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        Pauses.pause();
        // SAFETY: the caller's.
        let moved = unsafe { System.realloc(at, layout, size) };
        checked(moved, Layout::array::<u8>(size).unwrap_or(layout))
    }
}
