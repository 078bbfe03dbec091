//! If memory runs out, the binaries say so and end with status 1, without SIGABRT or a core file.

use std::alloc::{GlobalAlloc, Layout, System};
use std::ffi::{CStr, c_char};
use std::num::NonZeroUsize;
use std::ptr::null_mut;
use std::sync::atomic::{AtomicPtr, Ordering};

use nix::sys::mman::{MapFlags, ProtFlags, mmap_anonymous, munmap};

use super::file::{stderr, write_all};
use super::process::exit_now;

/// The C library's allocator, which ends the process when memory runs out. For the binaries only: a program that uses the
/// library chooses its own allocator.
pub struct Allocator;

/// What messages begin with.
static NAME: AtomicPtr<c_char> = AtomicPtr::new(null_mut());

/// From now on messages begin with this name.
pub(super) fn set_name(name: &'static CStr) {
    NAME.store(name.as_ptr().cast_mut(), Ordering::Relaxed);
}

// SAFETY: the C library's allocator does the work. We never return a null pointer; an allocator need not.
unsafe impl GlobalAlloc for Allocator {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: passed on from our caller.
        some(unsafe { System.alloc(layout) })
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: passed on from our caller.
        some(unsafe { System.alloc_zeroed(layout) })
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // SAFETY: passed on from our caller.
        some(unsafe { System.realloc(block, layout, size) })
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: passed on from our caller.
        unsafe { System.dealloc(block, layout) }
    }
}

/// Whether so many bytes more can be had at this moment, see mmap(2): the limits of the process and the kernel's.
pub fn is_available(bytes: usize) -> bool {
    let Some(length) = NonZeroUsize::new(bytes) else {
        return true;
    };
    let protection = ProtFlags::PROT_READ | ProtFlags::PROT_WRITE;
    // SAFETY: a new mapping of the kernel's choice, which nobody else knows.
    let Ok(start) = (unsafe { mmap_anonymous(None, length, protection, MapFlags::MAP_PRIVATE) }) else {
        return false;
    };
    // SAFETY: the mapping from above, whole.
    unsafe { munmap(start, bytes) }.is_ok()
}

/// Ends the process as [`Allocator`] does unless so many bytes more can be had at this moment.
pub fn ensure_available(bytes: usize) {
    if !is_available(bytes) {
        end();
    }
}

fn some(block: *mut u8) -> *mut u8 {
    if block.is_null() {
        end();
    }
    block
}

/// Nothing here allocates.
#[cold]
fn end() -> ! {
    let name = NAME.load(Ordering::Relaxed);
    let name = match name.is_null() {
        true => c"nskit",
        // SAFETY: a C string that lives as long as the process.
        false => unsafe { CStr::from_ptr(name) },
    };
    let mut text = [0; 256];
    let mut length = 0;
    // No message of ours may hold bytes that drive the terminal.
    let printable = |byte: u8| if byte.is_ascii_graphic() { byte } else { b'?' };
    let name = name.to_bytes().iter().copied().map(printable).take(128);
    for byte in name.chain(*b": Cannot allocate memory\n") {
        text[length] = byte;
        length += 1;
    }
    if let Some(stderr) = stderr() {
        let _ = write_all(stderr, &text[..length]);
    }
    exit_now(1)
}
