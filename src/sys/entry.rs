//! The C entry point of the binaries, in place of the Rust runtime's.
//!
//! The runtime ignores SIGPIPE, opens /dev/null on each of the descriptors 0 to 2 that is closed, and installs signal
//! handlers: all three would reach the program that we run, which must see what our caller passed on. It also costs
//! a tenth of our start-up.

use std::ffi::{CStr, OsStr, OsString, c_char, c_int};
use std::os::unix::ffi::OsStrExt;

use crate::error::Status;

/// What a caller started us with.
pub struct Invocation {
    /// The base name of `argv[0]`, for messages.
    pub program: OsString,
    /// `argv[0]` as it was given.
    pub invoked_as: OsString,
    /// The arguments after `argv[0]`.
    pub arguments: Vec<OsString>,
    /// The environment as it stands, entries without `=` included.
    pub environment: Vec<&'static CStr>,
}

/// Calls `tool` with what C's `main` received and returns what `main` has to return.
///
/// # Safety
/// `argv` and `envp` are the vectors that the C library passes to `main`: ended by a null pointer, of NUL-terminated
/// strings that live, unchanged, as long as the process.
pub unsafe fn start(argv: *const *const c_char, envp: *const *const c_char, tool: fn(Invocation) -> Status) -> c_int {
    super::file::note_closed_descriptors();
    // SAFETY: passed on from our caller. Before anything is allocated, the name of what runs out of memory is known.
    if let Some(name) = unsafe { first(argv) } {
        super::memory::set_name(base_name(name));
    }
    // SAFETY: passed on from our caller.
    let (argv, environment) = unsafe { (strings(argv), strings(envp)) };
    let mut argv = argv.into_iter().map(|argument| OsStr::from_bytes(argument.to_bytes()).to_os_string());
    // execve(2) allows an empty argv; Linux makes it one empty string since 5.18.
    let name = argv.next().unwrap_or_default();
    let program = match name.as_bytes().rsplit(|byte| *byte == b'/').next() {
        Some(base) if !base.is_empty() => OsStr::from_bytes(base).to_os_string(),
        _ => OsString::from("nskit"),
    };
    tool(Invocation { program, invoked_as: name, arguments: argv.collect(), environment }).conclude()
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
    // SAFETY: the vector is ended by a null pointer, which is not passed over, and its strings live for ever.
    unsafe {
        while !at.is_null() && !(*at).is_null() {
            strings.push(CStr::from_ptr(*at));
            at = at.add(1);
        }
    }
    strings
}

/// Defines the C `main` of a binary that is the tool `$tool`, a `fn(Invocation) -> Status`.
#[macro_export]
macro_rules! entry_point {
    ($tool:path) => {
        #[global_allocator]
        static ALLOCATOR: $crate::sys::memory::Allocator = $crate::sys::memory::Allocator;

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
            unsafe { $crate::sys::entry::start(argv, envp, $tool) }
        }
    };
}
