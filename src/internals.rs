//! The inside of the crate: for its binaries, its tests and its fuzz targets. No part of the face, and may change with any
//! version.

#[path = "cli/mod.rs"]
pub mod cli;
#[path = "container/mod.rs"]
pub mod container;
#[path = "enter/mod.rs"]
pub mod enter;
#[path = "error/mod.rs"]
pub mod error;
#[path = "hint/mod.rs"]
pub mod hint;
#[path = "ids/mod.rs"]
pub mod ids;
#[path = "list/mod.rs"]
pub mod list;
#[path = "namespace.rs"]
pub mod namespace;
#[path = "number.rs"]
pub(crate) mod number;
#[path = "proc/mod.rs"]
pub mod proc;
#[path = "sys/mod.rs"]
pub mod sys;
#[cfg(feature = "cli")]
#[path = "tool/mod.rs"]
pub mod tool;
