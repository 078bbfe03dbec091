//! The namespaces that the scan has seen, how they belong together, and how to open one.

pub mod graph;
pub(super) mod mount_ns_probe;
pub mod opener;
pub mod snapshot;
