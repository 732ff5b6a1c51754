//! The allocator of programs that are deployed. Requests are answered by several threads, which free
//! what others have allocated: that of the C library makes them wait for each other.

use mimalloc::MiMalloc;

#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;
