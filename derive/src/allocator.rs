//! The allocator of the component: that of Rust, which also pauses ([`crate::pause`]).

use std::alloc::{GlobalAlloc, Layout, System};

use darkroom_pixels::Pause as _;

use crate::pause::Pauses;

#[global_allocator]
static ALLOCATOR: Allocator = Allocator;

struct Allocator;

// SAFETY: all calls are passed on as they are. A pause happens before, while no call is under
// way, and the calls that it makes itself do not pause.
#[expect(unsafe_code, reason = "only an unsafe trait makes an allocator")]
unsafe impl GlobalAlloc for Allocator {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        Pauses.pause();
        // SAFETY: the caller's.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        // SAFETY: the caller's.
        unsafe { System.dealloc(at, layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        Pauses.pause();
        // SAFETY: the caller's.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, at: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        Pauses.pause();
        // SAFETY: the caller's.
        unsafe { System.realloc(at, layout, size) }
    }
}
