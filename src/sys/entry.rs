//! The C entry point of the binaries. It replaces that of the Rust runtime.
//!
//! The runtime ignores SIGPIPE, opens /dev/null on each closed descriptor from 0 to 2, and installs signal handlers.
//! The program that we run would see these changes, and must see what our caller passed on. The runtime also takes a
//! tenth of our start-up time.

use std::ffi::{CStr, c_char, c_int};

/// What the C library passes to `main`.
pub struct Vectors {
    /// The arguments, `argv[0]` included.
    pub arguments: Vec<&'static CStr>,
    /// The environment as it is, including entries without `=`.
    pub environment: Vec<&'static CStr>,
}

/// Calls `main` with what C's `main` received and returns what that returns.
///
/// # Safety
/// `argv` and `envp` are the vectors that the C library passes to `main`: ended by a null pointer, of NUL-terminated
/// strings that live, unchanged, as long as the process.
pub unsafe fn start(argv: *const *const c_char, envp: *const *const c_char, main: fn(Vectors) -> c_int) -> c_int {
    super::file::note_closed_descriptors();
    // SAFETY: passed on from our caller. The name is set before the first allocation, for the message that memory has
    // run out.
    if let Some(name) = unsafe { first(argv) } {
        super::memory::set_name(base_name(name));
    }
    // SAFETY: passed on from our caller.
    let (arguments, environment) = unsafe { (strings(argv), strings(envp)) };
    main(Vectors { arguments, environment })
}

/// # Safety
/// As [`start`].
unsafe fn first(vector: *const *const c_char) -> Option<&'static CStr> {
    // SAFETY: the vector is ended by a null pointer, and its strings live as long as the process.
    unsafe { (!vector.is_null() && !(*vector).is_null()).then(|| CStr::from_ptr(*vector)) }
}

/// What is behind the last slash.
fn base_name(path: &'static CStr) -> &'static CStr {
    let bytes = path.to_bytes_with_nul();
    let start = bytes.iter().rposition(|byte| *byte == b'/').map_or(0, |slash| slash + 1);
    CStr::from_bytes_with_nul(&bytes[start..]).unwrap_or(path)
}

/// # Safety
/// As [`start`].
unsafe fn strings(vector: *const *const c_char) -> Vec<&'static CStr> {
    let mut strings = Vec::new();
    let mut at = vector;
    // SAFETY: a null pointer ends the vector, and we stop at it. Its strings live as long as the process.
    unsafe {
        while !at.is_null() && !(*at).is_null() {
            strings.push(CStr::from_ptr(*at));
            at = at.add(1);
        }
    }
    strings
}

/// Defines the C `main` of a binary, which calls `$main`, a `fn(Vectors) -> c_int`.
#[doc(hidden)]
#[macro_export]
macro_rules! c_main {
    ($main:expr) => {
        #[global_allocator]
        static ALLOCATOR: $crate::internals::sys::memory::Allocator = $crate::internals::sys::memory::Allocator;

        /// Called by the C library.
        ///
        /// # Safety
        /// As `main` of C.
        #[allow(unsafe_code)]
        #[unsafe(no_mangle)]
        pub unsafe extern "C" fn main(
            _argc: std::ffi::c_int,
            argv: *const *const std::ffi::c_char,
            envp: *const *const std::ffi::c_char,
        ) -> std::ffi::c_int {
            // SAFETY: these are the vectors that the C library passes to main, and nothing here changes them.
            unsafe { $crate::internals::sys::entry::start(argv, envp, $main) }
        }
    };
}
