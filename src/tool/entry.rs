//! Leads from C's `main` to a tool, and back with its exit status.

use std::ffi::{CStr, OsStr, OsString, c_int};
use std::os::unix::ffi::OsStrExt;

use crate::sys::entry::Vectors;
use crate::sys::process::Status;

/// What a caller started us with.
pub struct Invocation {
    /// The base name of `argv[0]`, for messages.
    pub program: OsString,
    /// `argv[0]` as it was given.
    pub invoked_as: OsString,
    /// The arguments after `argv[0]`.
    pub arguments: Vec<OsString>,
    /// The environment as it is, including entries without `=`.
    pub environment: Vec<&'static CStr>,
}

/// Calls `tool` with the arguments of C's `main`, and returns the value that `main` must return.
pub fn run(vectors: Vectors, tool: fn(Invocation) -> Status) -> c_int {
    let mut argv = vectors.arguments.into_iter().map(|argument| OsStr::from_bytes(argument.to_bytes()).to_os_string());
    // execve(2) allows an empty argv. Since Linux 5.18, the kernel makes it one empty string.
    let name = argv.next().unwrap_or_default();
    let program = match name.as_bytes().rsplit(|byte| *byte == b'/').next() {
        Some(base) if !base.is_empty() => OsStr::from_bytes(base).to_os_string(),
        _ => OsString::from("nskit"),
    };
    let environment = vectors.environment;
    tool(Invocation { program, invoked_as: name, arguments: argv.collect(), environment }).conclude()
}

/// Defines the C `main` of a binary that is the tool `$tool`, a `fn(Invocation) -> Status`.
#[doc(hidden)]
#[macro_export]
macro_rules! entry_point {
    ($tool:path) => {
        $crate::c_main!(|vectors| $crate::internals::tool::entry::run(vectors, $tool));
    };
}
