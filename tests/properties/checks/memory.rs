//! Counts what is allocated, so that a check can say how much a parser may take: the same each time, where a clock differs.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

thread_local! {
    static ALLOCATED: Cell<usize> = const { Cell::new(0) };
}

/// The system's allocator, with the bytes counted that a thread asks for, whether or not it gives them back.
struct Counting;

fn count(bytes: usize) {
    // A thread that ends may allocate after its variables have gone.
    let _ = ALLOCATED.try_with(|allocated| allocated.set(allocated.get().saturating_add(bytes)));
}

// SAFETY: all is passed on to the system's allocator; counting does not allocate.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size());
        // SAFETY: the caller keeps to the contract of `alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        // SAFETY: it came from the same allocator, with this layout.
        unsafe { System.dealloc(memory, layout) }
    }

    unsafe fn realloc(&self, memory: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count(size);
        // SAFETY: it came from the same allocator, with this layout.
        unsafe { System.realloc(memory, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// What `work` comes to, if it has asked for at most `each` bytes a byte of an input of `length`, and `fixed` besides.
pub fn bounded<T>(length: usize, each: usize, fixed: usize, work: impl FnOnce() -> T) -> T {
    let before = ALLOCATED.get();
    let result = work();
    let allocated = ALLOCATED.get() - before;
    let most = each * length + fixed;
    assert!(allocated <= most, "{allocated} bytes were allocated for {length} of input, {most} would be enough");
    result
}
