//! What is answered when memory runs out.
//!
//! Decoders and encoders allocate memory in their own ways, and a host may grant less of it than
//! [`darkroom_pixels::Limits`] expects. An allocation that fails would end the instance without a
//! word, as if the source were to blame. So while one is being worked on, the allocator has what
//! it takes to answer for it.

use std::alloc::Layout;
use std::cell::Cell;

use wasip2::http::types::ResponseOutparam;

use crate::answer::Response;
use crate::wasi::send;

/// What the answer itself takes, in bytes.
const RESERVE: usize = 64 << 10;
/// The bytes of a page of memory.
const PAGE: usize = 64 << 10;

thread_local! {
    static WAITING: Cell<Option<Waiting>> = const { Cell::new(None) };
}

/// A caller that waits for an answer, and memory for it.
struct Waiting {
    out: ResponseOutparam,
    reserve: Vec<u8>,
}

/// Runs `work`, and answers in its place if memory runs out. Returns its result, and where to send
/// the response.
pub(crate) fn answering<T>(
    out: ResponseOutparam,
    work: impl FnOnce() -> T,
) -> (T, Option<ResponseOutparam>) {
    let reserve = Vec::with_capacity(RESERVE);
    WAITING.set(Some(Waiting { out, reserve }));
    let result = work();
    (result, WAITING.take().map(|waiting| waiting.out))
}

/// Answers, if somebody waits, that this allocation failed, and ends the instance.
pub(crate) fn failed(layout: Layout) {
    let Some(Waiting { out, reserve }) = WAITING.take() else {
        return;
    };
    drop(reserve);
    // A caller that has gone away gets no response.
    let _ = send(response(layout.size()), out);
    std::process::abort();
}

/// The response if so many more bytes cannot be had.
pub(crate) fn response(more: usize) -> Response {
    let granted = core::arch::wasm32::memory_size(0).saturating_mul(PAGE);
    Response::out_of_memory(granted.saturating_add(more) as u64, granted as u64)
}
